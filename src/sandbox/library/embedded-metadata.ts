import type { ExpandedTags } from 'exifreader'
import { loadOptionalPackages } from '../optional-packages.ts'
import { readHead } from './disk-storage.ts'

// In most images, the metadata is at the start. Metadata further on is not found.
const HEAD_BYTES = 512 * 1024
// Longer texts are left out.
const MAX_TEXT_LENGTH = 2000

// The tags that can provide each common field, best source first.
const COMMON_FIELDS: Record<string, readonly string[]> = {
  Title: ['Title', 'ObjectName'],
  Description: ['Description', 'ImageDescription', 'CaptionAbstract'],
  Keywords: ['Subject', 'Keywords'],
  Copyright: ['Copyright', 'Rights', 'CopyrightNotice'],
}

/** The merged Exif, IPTC, XMP and PNG text data of an image as a flat object, as in `embeddedMetadata`; `{}` if there is none. */
export async function readEmbeddedMetadata(path: string): Promise<Record<string, unknown>> {
  const { exifReader } = await loadOptionalPackages()
  try {
    return withCommonFields(flatten(exifReader.load(await readHead(path, HEAD_BYTES), { expanded: true })))
  } catch {
    // ExifReader throws if it finds no metadata or does not know the format.
    return {}
  }
}

function flatten(tags: ExpandedTags): Record<string, unknown> {
  const groups: (object | undefined)[] = [tags.exif, tags.iptc, tags.xmp, tags.pngText]
  const flat: Record<string, unknown> = {}
  for (const group of groups) {
    for (const [name, tag] of Object.entries(group ?? {})) {
      const value = readableValue(tag)
      // Exif's pointers are positions in the file.
      if (value !== undefined && !name.endsWith('Pointer')) flat[tagName(name)] = value
    }
  }
  return flat
}

/** `Caption/Abstract` → `CaptionAbstract`; XMP's `title` → `Title`. */
function tagName(name: string): string {
  const letters = name.replaceAll(/[^A-Za-z0-9]/g, '')
  return letters.charAt(0).toUpperCase() + letters.slice(1)
}

function readableValue(tag: unknown): string | number | string[] | undefined {
  if (Array.isArray(tag)) {
    return tag.map(readableValue).filter((value) => typeof value === 'string')
  }
  if (typeof tag !== 'object' || tag === null || !('description' in tag)) return undefined
  const { description } = tag
  if (typeof description === 'number') return description
  return typeof description === 'string' && description !== '' && description.length <= MAX_TEXT_LENGTH
    ? description
    : undefined
}

function withCommonFields(flat: Record<string, unknown>): Record<string, unknown> {
  const result = { ...flat }
  for (const [field, sources] of Object.entries(COMMON_FIELDS)) {
    const source = sources.find((name) => flat[name] !== undefined)
    if (source === undefined) continue
    const value = flat[source]
    result[field] = field === 'Keywords' && typeof value === 'string' ? value.split(/,\s*/) : value
  }
  return result
}
