import type { FileFacts } from '../library/file-facts.ts'
import type { Label } from './image-statistics.ts'

/** A sentence that describes a file; always the same for the same bytes. */
export function describeFile({ image, mime, size }: FileFacts, labels: readonly Label[]): string {
  if (image === null) return `A file of type ${mime} and ${size} bytes.`
  const names = labels.map(({ name }) => name.toLowerCase())
  return `An image of ${image.width} x ${image.height} pixels: ${names.slice(0, 4).join(', ')}.`
}
