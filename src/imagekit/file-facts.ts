import { z } from 'zod'
import type { FileFacts } from '../domain/evidence.ts'
import { fileIdText } from './plain-text.ts'

/** Far more than ImageKit gives a file: these are kept with each submission, and compared in one piece. */
const MAX_TAGS = 1000
const MAX_TAG_LENGTH = 200
const MAX_DESCRIPTION_LENGTH = 16 * 1024
const shortText = z.string().max(256)

// Of arrays and objects no more is looked at than is wanted: whoever sends them may have put a million things into them.
const fileSchema = z.object({
  fileId: fileIdText,
  versionInfo: z.object({ id: shortText, name: shortText }).partial().nullish().catch(undefined),
  AITags: z.custom<unknown[]>(isTagList).nullish().catch(undefined),
  description: z.string().max(MAX_DESCRIPTION_LENGTH).nullish().catch(undefined),
  updatedAt: shortText.nullish().catch(undefined),
  hasAlpha: z.boolean().nullish().catch(undefined),
})
const tagSchema = z.object({ name: z.string().max(MAX_TAG_LENGTH), source: shortText })

/**
 * Reads a file object: of an answer, of the details call, or of a list. Undefined where it names no file; what else can't be
 * read counts as absent, for absence is no evidence.
 */
export function readFileFacts(object: unknown): FileFacts | undefined {
  const parsed = fileSchema.safeParse(object)
  if (!parsed.success) return undefined
  const { fileId, versionInfo, AITags, description, updatedAt, hasAlpha } = parsed.data
  return {
    fileId,
    versionId: versionInfo?.id ?? null,
    versionName: versionInfo?.name ?? null,
    aiTags: tagNamesBySource(AITags ?? []),
    description: description ?? null,
    updatedAt: updatedAt ?? null,
    hasAlpha: hasAlpha ?? null,
  }
}

/** Whether the `AITags` of a file can be read: a list, and not longer than all of it can be kept. */
export function isTagList(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_TAGS
}

function tagNamesBySource(tags: readonly unknown[]): FileFacts['aiTags'] {
  const names = new Map<string, string[]>()
  for (const entry of tags) {
    const tag = tagSchema.safeParse(entry).data
    if (tag === undefined) continue
    const known = names.get(tag.source)
    if (known) known.push(tag.name)
    else names.set(tag.source, [tag.name])
  }
  return Object.fromEntries(names)
}
