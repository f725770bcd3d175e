import { z } from 'zod'
import type { FileFacts } from '../domain/evidence.ts'
import { fileIdText } from '../domain/plain-text.ts'

// Far more than ImageKit gives a file. Tags and descriptions are stored with each submission and compared as a whole, so a longer one
// is not truncated but counts as absent.
const MAX_TAGS = 1000
const MAX_TAG_LENGTH = 200
const MAX_DESCRIPTION_LENGTH = 16 * 1024
const shortText = z.string().max(256)

// Arrays and objects are checked no further than needed: a sender may put a million elements into them.
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
 * Reads a file object from an upload response, a details call or a list. Undefined without a valid `fileId`. Any other field that
 * can't be read counts as absent: an absent field is never evidence that a run succeeded.
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

/** Whether the `AITags` of a file can be read: a list that is short enough to be stored completely. */
export function isTagList(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_TAGS
}

function tagNamesBySource(tags: readonly unknown[]): FileFacts['aiTags'] {
  const names = new Map<string, string[]>()
  for (const entry of tags) {
    const tag = tagSchema.safeParse(entry).data
    if (tag === undefined) continue
    const tagNames = names.get(tag.source)
    if (tagNames) tagNames.push(tag.name)
    else names.set(tag.source, [tag.name])
  }
  return Object.fromEntries(names)
}
