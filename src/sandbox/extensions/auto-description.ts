import type { FileFacts } from '../library/file-facts.ts'
import type { Impression } from './image-impression.ts'

/** A sentence about a file, the same for the same bytes. */
export function describeFile({ image, mime, size }: FileFacts, impressions: readonly Impression[]): string {
  if (image === null) return `A file of type ${mime} and ${size} bytes.`
  const names = impressions.map(({ name }) => name.toLowerCase())
  return `An image of ${image.width} x ${image.height} pixels: ${names.slice(0, 4).join(', ')}.`
}
