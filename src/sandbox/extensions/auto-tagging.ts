import type { AiTag } from '../library/file-version.ts'
import type { Label } from './image-statistics.ts'

// The documented maximum of maxTags.
const MAX_TAGS = 30

type Tagger = { name: string; minConfidence?: number | undefined; maxTags?: number | undefined }

/** The file's AITags after a tagger ran: it replaces its own tags and keeps those of other sources. */
export function tagImage(tagger: Tagger, labels: readonly Label[], present: AiTag[] | null): AiTag[] | null {
  const { name: source, minConfidence = 0, maxTags = MAX_TAGS } = tagger
  const found = labels
    .filter(({ confidence }) => confidence >= minConfidence)
    .slice(0, Math.min(maxTags, MAX_TAGS))
    .map(({ name, confidence }) => ({ name, confidence, source }))
  const tags = [...(present ?? []).filter((tag) => tag.source !== source), ...found]
  return tags.length === 0 ? null : tags
}
