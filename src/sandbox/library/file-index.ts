import { badRequest, fileNotFound } from '../api-error.ts'
import type { DiskStorage } from './disk-storage.ts'
import { createdAtOf, type FileVersion, type LibraryFile, newObjectId } from './library-file.ts'

export const MAX_VERSIONS = 100

/** A version without what the library assigns: its id, number and times. */
export type NewVersion = Omit<FileVersion, 'versionId' | 'number' | 'createdAt' | 'updatedAt'>

export type FileIndex = ReturnType<typeof createFileIndex>

/** A file at this path that has no version yet. */
export function newFile(filePath: string): LibraryFile {
  return {
    fileId: newObjectId(),
    filePath,
    name: filePath.slice(filePath.lastIndexOf('/') + 1),
    versions: [],
  }
}

/**
 * The files, by their id and by their path. Their metadata is in memory, their bytes are on disk, and every change is on disk before
 * it becomes visible. Callers make one change at a time.
 */
export function createFileIndex({ storage, clock }: { storage: DiskStorage; clock: () => Date }) {
  const files = new Map<string, LibraryFile>()
  const byPath = new Map<string, string>()

  function getFile(fileId: string): LibraryFile {
    const file = files.get(fileId)
    if (file === undefined) throw fileNotFound()
    return file
  }

  function findFileAt(filePath: string): LibraryFile | undefined {
    const fileId = byPath.get(filePath)
    return fileId === undefined ? undefined : files.get(fileId)
  }

  function add(file: LibraryFile): LibraryFile {
    files.set(file.fileId, file)
    byPath.set(file.filePath, file.fileId)
    return file
  }

  async function save(file: LibraryFile): Promise<LibraryFile> {
    await storage.saveFile(file)
    return add(file)
  }

  return {
    findFile: (fileId: string) => files.get(fileId),
    getFile,
    save,
    findFileAt,

    /** In the order of first upload. */
    listFiles: () => [...files.values()],

    async open(): Promise<void> {
      const storedFiles = await storage.open()
      storedFiles.sort((a, b) => createdAtOf(a).localeCompare(createdAtOf(b)))
      storedFiles.forEach(add)
    },

    /** Adds a version, whose bytes are at `spoolPath`, and makes it the current one. */
    async addVersion(file: LibraryFile, version: NewVersion, spoolPath: string): Promise<LibraryFile> {
      if (file.versions.length >= MAX_VERSIONS) {
        throw badRequest(`A file can have a maximum of ${MAX_VERSIONS} versions.`, 'VERSION_LIMIT_EXCEEDED')
      }
      const now = clock().toISOString()
      // The id of version 1 is the fileId.
      const versionId = file.versions.length === 0 ? file.fileId : newObjectId()
      // The current version may have a lower number than others, because it was restored.
      const number = Math.max(0, ...file.versions.map((other) => other.number)) + 1
      await storage.adoptBytes(spoolPath, file.fileId, versionId)
      const numbered = { ...version, versionId, number, createdAt: now, updatedAt: now }
      return save({ ...file, versions: [...file.versions, numbered] })
    },

    /** Gives the file another path, which must be free. Its fileId and its versions stay. */
    async relocate(file: LibraryFile, filePath: string): Promise<LibraryFile> {
      const { name } = newFile(filePath)
      const moved = await save({ ...file, filePath, name })
      byPath.delete(file.filePath)
      return moved
    },

    async remove(fileId: string): Promise<void> {
      const file = getFile(fileId)
      await storage.deleteFile(fileId)
      files.delete(fileId)
      byPath.delete(file.filePath)
    },
  }
}
