import { createMutex } from '../../domain/mutex.ts'
import type { DiskStorage } from './disk-storage.ts'
import { createFileIndex, type NewVersion, newFile } from './file-index.ts'
import { createFileMoves } from './file-moves.ts'
import { createFileVersions } from './file-versions.ts'
import { createFolders } from './folders.ts'
import { type FileVersion, type LibraryFile, withCurrentVersion } from './library-file.ts'

export type Library = ReturnType<typeof createLibrary>

/** The media library. Its changes are made one after another. */
export function createLibrary({ storage, clock }: { storage: DiskStorage; clock: () => Date }) {
  const index = createFileIndex({ storage, clock })
  const { findFile, getFile, findFileAt, listFiles } = index
  const runExclusive = createMutex()
  const moves = createFileMoves({ index, storage, runExclusive })
  const folders = createFolders({ index, storage, clock, runExclusive, ...moves })

  return {
    findFile,
    getFile,
    findFileAt,
    listFiles,
    moves,
    folders,
    versions: createFileVersions({ index, storage, runExclusive }),

    async open(): Promise<void> {
      await index.open()
      await folders.open()
    },

    /** Stores a file at a path: a new file, or a new version of the existing one. `prepare` can throw to reject it. */
    place(
      target: { filePath: string; spoolPath: string },
      prepare: (existing: LibraryFile | undefined) => NewVersion,
    ): Promise<LibraryFile> {
      return runExclusive(async () => {
        const existing = findFileAt(target.filePath)
        const version = prepare(existing)
        return index.addVersion(existing ?? newFile(target.filePath), version, target.spoolPath)
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
        return index.addVersion(file, make(file), spoolPath)
      })
    },

    /** Changes the current version in place. */
    update(fileId: string, change: (file: LibraryFile) => Partial<FileVersion>): Promise<LibraryFile> {
      return runExclusive(async () => {
        const file = getFile(fileId)
        return index.save(withCurrentVersion(file, change(file), clock()))
      })
    },

    /** Publishes or unpublishes the current version, or every version. */
    setPublished(fileId: string, isPublished: boolean, everyVersion: boolean): Promise<LibraryFile> {
      return runExclusive(async () => {
        const file = withCurrentVersion(getFile(fileId), { isPublished }, clock())
        const versions = everyVersion
          ? file.versions.map((version) => ({ ...version, isPublished }))
          : file.versions
        return index.save({ ...file, versions })
      })
    },

    remove: (fileId: string) => runExclusive(() => index.remove(fileId)),
  }
}
