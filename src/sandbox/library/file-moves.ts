import { ApiError, badRequest } from '../api-error.ts'
import type { DiskStorage } from './disk-storage.ts'
import { type FileIndex, MAX_VERSIONS, newFile } from './file-index.ts'
import { normalizeFolder, sanitizeFileName } from './file-path.ts'
import { currentVersion, type FileVersion, type LibraryFile } from './library-file.ts'

type Dependencies = {
  index: FileIndex
  storage: DiskStorage
  runExclusive: <T>(work: () => Promise<T>) => Promise<T>
}

/** Copies, moves and renames files. At a path that is taken, the versions are added to those of the file that is there. */
export function createFileMoves({ index, storage, runExclusive }: Dependencies) {
  function getFileAt(filePath: string): LibraryFile {
    const file = index.findFileAt(filePath)
    if (file !== undefined) return file
    throw new ApiError(404, `No file found with filePath \`${filePath}\`.`, { reason: 'SOURCE_FILE_MISSING' })
  }

  async function addVersions(
    source: LibraryFile,
    versions: readonly FileVersion[],
    filePath: string,
  ): Promise<void> {
    let file = index.findFileAt(filePath) ?? newFile(filePath)
    if (file.versions.length + versions.length > MAX_VERSIONS)
      throw badRequest(`A file can have a maximum of ${MAX_VERSIONS} versions.`, 'VERSION_LIMIT_EXCEEDED')
    for (const version of versions) {
      const spoolPath = await storage.copyToSpool(source.fileId, version.versionId)
      file = await index.addVersion(file, version, spoolPath)
    }
  }

  const copyTo = (source: LibraryFile, filePath: string, includeVersions: boolean) =>
    addVersions(source, includeVersions ? source.versions : [currentVersion(source)], filePath)

  async function moveTo(source: LibraryFile, filePath: string): Promise<void> {
    if (index.findFileAt(filePath) === undefined) {
      await index.relocate(source, filePath)
      return
    }
    await addVersions(source, source.versions, filePath)
    await index.remove(source.fileId)
  }

  function targetOf(source: LibraryFile, destinationPath: string): string {
    const filePath = `${normalizeFolder(destinationPath)}${source.name}`
    if (filePath !== source.filePath) return filePath
    throw badRequest('Source and destination are the same.', 'SAME_SOURCE_AND_DESTINATION')
  }

  return {
    copyTo,
    moveTo,

    copyFile(sourceFilePath: string, destinationPath: string, includeVersions: boolean): Promise<void> {
      return runExclusive(async () => {
        const source = getFileAt(sourceFilePath)
        await copyTo(source, targetOf(source, destinationPath), includeVersions)
      })
    },

    moveFile(sourceFilePath: string, destinationPath: string): Promise<void> {
      return runExclusive(async () => {
        const source = getFileAt(sourceFilePath)
        await moveTo(source, targetOf(source, destinationPath))
      })
    },

    renameFile(filePath: string, newFileName: string): Promise<void> {
      return runExclusive(async () => {
        const file = index.findFileAt(filePath)
        if (file === undefined)
          throw new ApiError(404, `No file found in media library at filePath ${filePath}`, {
            reason: 'FILE_MISSING',
          })
        const name = sanitizeFileName(newFileName)
        if (name === file.name)
          throw badRequest('newFileName cannot be the same as its existing name.', 'SAME_OLD_AND_NEW_NAME')
        const newPath = `${filePath.slice(0, filePath.lastIndexOf('/'))}/${name}`
        if (index.findFileAt(newPath) !== undefined)
          throw new ApiError(409, `File with name ${name} already exists at the same location.`, {
            reason: 'FILE_ALREADY_EXISTS',
          })
        await index.relocate(file, newPath)
      })
    },
  }
}
