import type { AiTag } from '../library/file-version.ts'
import type { Impression } from './image-impression.ts'

// ImageKit's documented range of maxTags ends here.
const MOST_TAGS = 30

type Tagger = { name: string; minConfidence?: number | undefined; maxTags?: number | undefined }

/** The file's AITags after a tagger ran: those of other sources stay, its own are replaced. */
export function tagImage(
  tagger: Tagger,
  impressions: readonly Impression[],
  present: AiTag[] | null,
): AiTag[] | null {
  const { name: source, minConfidence = 0, maxTags = MOST_TAGS } = tagger
  const found = impressions
    .filter(({ confidence }) => confidence >= minConfidence)
    .slice(0, Math.min(maxTags, MOST_TAGS))
    .map(({ name, confidence }) => ({ name, confidence, source }))
  const tags = [...(present ?? []).filter((tag) => tag.source !== source), ...found]
  return tags.length === 0 ? null : tags
}
