import { createMutex } from '../../domain/mutex.ts'
import { badRequest, fileNotFound } from '../api-error.ts'
import type { DiskStorage } from './disk-storage.ts'
import { type FileVersion, type LibraryFile, newObjectId, withCurrentVersion } from './library-file.ts'

const MAX_VERSIONS = 100

/** A version without what the library assigns: its id, number and times. */
export type NewVersion = Omit<FileVersion, 'versionId' | 'number' | 'createdAt' | 'updatedAt'>

export type Library = ReturnType<typeof createLibrary>

/** The media library: the files' metadata is in memory, their bytes are on disk, and every change is on disk before it becomes visible. */
export function createLibrary({ storage, clock }: { storage: DiskStorage; clock: () => Date }) {
  const files = new Map<string, LibraryFile>()
  const byPath = new Map<string, string>()
  const runExclusive = createMutex()

  const findFile = (fileId: string) => files.get(fileId)

  function getFile(fileId: string): LibraryFile {
    const file = files.get(fileId)
    if (file === undefined) throw fileNotFound()
    return file
  }

  function findFileAt(filePath: string): LibraryFile | undefined {
    const fileId = byPath.get(filePath)
    return fileId === undefined ? undefined : files.get(fileId)
  }

  function addToIndex(file: LibraryFile): LibraryFile {
    files.set(file.fileId, file)
    byPath.set(file.filePath, file.fileId)
    return file
  }

  async function save(file: LibraryFile): Promise<LibraryFile> {
    await storage.saveFile(file)
    return addToIndex(file)
  }

  async function addVersion(file: LibraryFile, version: NewVersion, spoolPath: string): Promise<LibraryFile> {
    if (file.versions.length >= MAX_VERSIONS) {
      throw badRequest(`A file can have a maximum of ${MAX_VERSIONS} versions.`)
    }
    const now = clock().toISOString()
    // The id of version 1 is the fileId.
    const versionId = file.versions.length === 0 ? file.fileId : newObjectId()
    const number = (file.versions.at(-1)?.number ?? 0) + 1
    await storage.adoptBytes(spoolPath, file.fileId, versionId)
    const numbered = { ...version, versionId, number, createdAt: now, updatedAt: now }
    return save({ ...file, versions: [...file.versions, numbered] })
  }

  return {
    findFile,
    getFile,
    findFileAt,

    /** In the order of first upload. */
    listFiles: () => [...files.values()],

    async open(): Promise<void> {
      const storedFiles = await storage.open()
      storedFiles.sort((a, b) => firstUploadedAt(a).localeCompare(firstUploadedAt(b)))
      storedFiles.forEach(addToIndex)
    },

    /** Stores a file at a path: a new file, or a new version of the existing one. `prepare` can throw to reject it. */
    place(
      target: { filePath: string; name: string; spoolPath: string },
      prepare: (existing: LibraryFile | undefined) => NewVersion,
    ): Promise<LibraryFile> {
      return runExclusive(async () => {
        const existing = findFileAt(target.filePath)
        const version = prepare(existing)
        const file = existing ?? {
          fileId: newObjectId(),
          filePath: target.filePath,
          name: target.name,
          versions: [],
        }
        return addVersion(file, version, target.spoolPath)
      })
    },

    /** Adds a version that `make` derives from the file. */
    addVersionTo(
      fileId: string,
      spoolPath: string,
      make: (file: LibraryFile) => NewVersion,
    ): Promise<LibraryFile> {
      return runExclusive(async () => {
        const file = getFile(fileId)
        return addVersion(file, make(file), spoolPath)
      })
    },

    /** Changes the current version in place. */
    update(fileId: string, change: (file: LibraryFile) => Partial<FileVersion>): Promise<LibraryFile> {
      return runExclusive(async () => {
        const file = getFile(fileId)
        return save(withCurrentVersion(file, change(file), clock()))
      })
    },

    /** Publishes or unpublishes the current version, or every version. */
    setPublished(fileId: string, isPublished: boolean, everyVersion: boolean): Promise<LibraryFile> {
      return runExclusive(async () => {
        const file = withCurrentVersion(getFile(fileId), { isPublished }, clock())
        const versions = everyVersion
          ? file.versions.map((version) => ({ ...version, isPublished }))
          : file.versions
        return save({ ...file, versions })
      })
    },

    remove(fileId: string): Promise<void> {
      return runExclusive(async () => {
        const file = getFile(fileId)
        await storage.deleteFile(fileId)
        files.delete(fileId)
        byPath.delete(file.filePath)
      })
    },
  }
}

function firstUploadedAt(file: LibraryFile): string {
  return file.versions[0]?.createdAt ?? ''
}
