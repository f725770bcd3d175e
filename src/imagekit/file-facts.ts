import { z } from 'zod'
import type { FileFacts } from '../domain/evidence.ts'
import { fileIdText } from './plain-text.ts'

const fileSchema = z.looseObject({
  fileId: fileIdText,
  versionInfo: z.looseObject({ id: z.string(), name: z.string() }).partial().nullish().catch(undefined),
  AITags: z.array(z.unknown()).nullish().catch(undefined),
  description: z.string().nullish().catch(undefined),
  updatedAt: z.string().nullish().catch(undefined),
  hasAlpha: z.boolean().nullish().catch(undefined),
})
const tagSchema = z.looseObject({ name: z.string(), source: z.string() })

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

function tagNamesBySource(tags: readonly unknown[]): FileFacts['aiTags'] {
  const names = new Map<string, string[]>()
  for (const entry of tags) {
    const tag = tagSchema.safeParse(entry).data
    if (tag) names.set(tag.source, [...(names.get(tag.source) ?? []), tag.name])
  }
  return Object.fromEntries(names)
}
