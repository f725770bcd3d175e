import { ApiError, badRequest } from '../api-error.ts'
import type { DiskStorage } from './disk-storage.ts'
import type { FileIndex } from './file-index.ts'
import { currentVersion, type FileVersion, type LibraryFile } from './library-file.ts'

type Dependencies = {
  index: FileIndex
  storage: DiskStorage
  runExclusive: <T>(work: () => Promise<T>) => Promise<T>
}

/** Reads, deletes and restores single versions of files. */
export function createFileVersions({ index, storage, runExclusive }: Dependencies) {
  function getVersion(fileId: string, versionId: string): { file: LibraryFile; version: FileVersion } {
    const file = index.getFile(fileId)
    const version = file.versions.find((candidate) => candidate.versionId === versionId)
    if (version === undefined) throw new ApiError(404, 'The requested file version does not exist.')
    return { file, version }
  }

  return {
    getVersion,

    remove(fileId: string, versionId: string): Promise<void> {
      return runExclusive(async () => {
        const { file, version } = getVersion(fileId, versionId)
        if (version === currentVersion(file)) throw badRequest('You cannot delete current version of a file.')
        await index.save({ ...file, versions: file.versions.filter((other) => other !== version) })
        await storage.deleteBytes(fileId, versionId)
      })
    },

    /** Makes a version the current one. It keeps its id and its number. */
    restore(fileId: string, versionId: string): Promise<LibraryFile> {
      return runExclusive(async () => {
        const { file, version } = getVersion(fileId, versionId)
        const others = file.versions.filter((other) => other !== version)
        return index.save({ ...file, versions: [...others, version] })
      })
    },
  }
}
