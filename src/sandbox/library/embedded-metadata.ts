import ExifReader, { type ExpandedTags } from 'exifreader'
import { readHead } from './read-head.ts'

// Exif, IPTC and XMP stand before the pixels.
const HEAD_BYTES = 512 * 1024
const LONGEST_TEXT = 2000

// Where the parts that people ask for by one name may be found, best source first.
const FRIENDLY: Record<string, readonly string[]> = {
  Title: ['Title', 'ObjectName'],
  Description: ['Description', 'ImageDescription', 'CaptionAbstract'],
  Keywords: ['Subject', 'Keywords'],
  Copyright: ['Copyright', 'Rights', 'CopyrightNotice'],
}

/** The consolidated exif, iptc and xmp data of an image, flat, as `embeddedMetadata` shows it; `{}` where there is none. */
export async function readEmbeddedMetadata(path: string): Promise<Record<string, unknown>> {
  try {
    return withFriendlyNames(flatten(ExifReader.load(await readHead(path, HEAD_BYTES), { expanded: true })))
  } catch {
    // "No Exif data" is an exception of the reader's.
    return {}
  }
}

function flatten(tags: ExpandedTags): Record<string, unknown> {
  const groups: (object | undefined)[] = [tags.exif, tags.iptc, tags.xmp, tags.pngText]
  const flat: Record<string, unknown> = {}
  for (const group of groups) {
    for (const [name, tag] of Object.entries(group ?? {})) {
      const text = readableText(tag)
      if (text !== undefined && !name.endsWith('Pointer')) flat[tagName(name)] = text
    }
  }
  return flat
}

/** `Caption/Abstract` and XMP's `title` as `CaptionAbstract` and `Title`. */
function tagName(name: string): string {
  const letters = name.replaceAll(/[^A-Za-z0-9]/g, '')
  return letters.charAt(0).toUpperCase() + letters.slice(1)
}

function readableText(tag: unknown): string | number | string[] | undefined {
  if (Array.isArray(tag)) {
    return tag.map(readableText).filter((text) => typeof text === 'string')
  }
  if (typeof tag !== 'object' || tag === null || !('description' in tag)) return undefined
  const { description } = tag
  if (typeof description === 'number') return description
  return typeof description === 'string' && description !== '' && description.length <= LONGEST_TEXT
    ? description
    : undefined
}

function withFriendlyNames(flat: Record<string, unknown>): Record<string, unknown> {
  const result = { ...flat }
  for (const [friendly, sources] of Object.entries(FRIENDLY)) {
    const source = sources.find((name) => flat[name] !== undefined)
    if (source === undefined) continue
    const value = flat[source]
    result[friendly] = friendly === 'Keywords' && typeof value === 'string' ? value.split(/,\s*/) : value
  }
  return result
}
