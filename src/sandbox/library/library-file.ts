import { z } from 'zod'
import { type FileVersion, fileVersionSchema } from './file-version.ts'

/** A file of the media library. All versions have the same `fileId`; the last version is the current one. */
export const libraryFileSchema = z.object({
  fileId: z.string(),
  filePath: z.string(),
  name: z.string(),
  versions: z.array(fileVersionSchema).min(1),
})

export type LibraryFile = z.infer<typeof libraryFileSchema>

export function currentVersion(file: LibraryFile): FileVersion {
  const version = file.versions.at(-1)
  if (version === undefined) throw new Error(`file ${file.fileId} has no version`)
  return version
}

/** Returns the file with its current version changed and `updatedAt` set to `now`. */
export function withCurrentVersion(file: LibraryFile, change: Partial<FileVersion>, now: Date): LibraryFile {
  const changed = { ...currentVersion(file), ...change, updatedAt: now.toISOString() }
  return { ...file, versions: [...file.versions.slice(0, -1), changed] }
}
