import { randomBytes } from 'node:crypto'
import { z } from 'zod'

/** Facts about the bytes of a version. `image` is null for a non-image, and for an image whose dimensions cannot be read. */
const fileFactsSchema = z.object({
  size: z.number().int(),
  sha256: z.string(),
  mime: z.string(),
  fileType: z.enum(['image', 'non-image']),
  image: z
    .object({
      width: z.number().int(),
      height: z.number().int(),
      hasAlpha: z.boolean(),
      format: z.string(),
      hasColorProfile: z.boolean(),
      density: z.number().nullable(),
      orientation: z.number().int().nullable(),
    })
    .nullable(),
  embeddedMetadata: z.record(z.string(), z.unknown()),
})

export type FileFacts = z.infer<typeof fileFactsSchema>

const aiTagSchema = z.object({ name: z.string(), confidence: z.number(), source: z.string() })

export const customMetadataSchema = z.record(z.string(), z.unknown())

/** One version of a file: facts about its bytes, and all details that can be set. Times are RFC 3339, in UTC. */
const fileVersionSchema = z.object({
  versionId: z.string(),
  number: z.number().int().positive(),
  tags: z.array(z.string()).nullable(),
  aiTags: z.array(aiTagSchema).nullable(),
  isPrivateFile: z.boolean(),
  isPublished: z.boolean(),
  customCoordinates: z.string().nullable(),
  customMetadata: customMetadataSchema,
  description: z.string().nullable(),
  facts: fileFactsSchema,
  createdAt: z.string(),
  updatedAt: z.string(),
})

export type AiTag = z.infer<typeof aiTagSchema>
export type CustomMetadata = z.infer<typeof customMetadataSchema>
export type FileVersion = z.infer<typeof fileVersionSchema>

/** A file of the media library. All versions have the same `fileId`; the last version is the current one. */
export const libraryFileSchema = z.object({
  fileId: z.string(),
  filePath: z.string(),
  name: z.string(),
  versions: z.array(fileVersionSchema).min(1),
})

export type LibraryFile = z.infer<typeof libraryFileSchema>

/** When the file was first uploaded. A version that was restored stays as old as it was. */
export function createdAtOf({ versions }: LibraryFile): string {
  return versions.reduce((oldest, version) => (version.number < oldest.number ? version : oldest)).createdAt
}

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

/** Ids of files and versions are 24 hex characters. */
export function newObjectId(): string {
  return randomBytes(12).toString('hex')
}

export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{24}$/.test(text)
}
