import type { FileFacts } from '../library/library-file.ts'
import { loadOptionalPackages } from '../optional-packages.ts'

/** A label of a file; `confidence` is 0–100. */
export type Label = { name: string; confidence: number }

/** Colours are counted in a copy of the image with at most this width and height, in pixels. */
const MAX_SAMPLE_SIDE = 64

/**
 * Labels a file without a model, highest confidence first: an image by its shape, alpha channel and colours; any other file, or an
 * image whose dimensions cannot be read, by its type. Throws for an image whose dimensions can be read, but not its pixels.
 */
export async function readLabels(path: string, facts: FileFacts): Promise<Label[]> {
  if (facts.image === null) return [{ name: typeName(facts.mime), confidence: 99 }]
  const { width, height, hasAlpha } = facts.image
  const shape = width === height ? 'Square' : width > height ? 'Landscape' : 'Portrait'
  return [
    { name: shape, confidence: 99.5 },
    ...(hasAlpha ? [{ name: 'Transparency', confidence: 98.5 }] : []),
    ...(await readColours(path)),
  ]
}

async function readColours(path: string): Promise<Label[]> {
  const { sharp } = await loadOptionalPackages()
  const { data, info } = await sharp(path)
    .resize(MAX_SAMPLE_SIDE, MAX_SAMPLE_SIDE, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const counts = new Map<string, number>()
  for (let at = 0; at + info.channels <= data.length; at += info.channels) {
    const name = colourName(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const pixels = info.width * info.height
  return [...counts]
    .map(([name, count]) => ({ name, confidence: Math.round((50 + (45 * count) / pixels) * 100) / 100 }))
    .toSorted((a, b) => b.confidence - a.confidence || a.name.localeCompare(b.name))
}

function typeName(mime: string): string {
  const kind = mime.split('/')[0] ?? ''
  return kind.charAt(0).toUpperCase() + kind.slice(1)
}

// Hues are in degrees. Red begins at 345 and continues at 0.
const HUES: readonly { below: number; name: string }[] = [
  { below: 15, name: 'Red' },
  { below: 45, name: 'Orange' },
  { below: 70, name: 'Yellow' },
  { below: 165, name: 'Green' },
  { below: 200, name: 'Cyan' },
  { below: 260, name: 'Blue' },
  { below: 300, name: 'Purple' },
  { below: 345, name: 'Pink' },
]

/** The common English name of an sRGB colour; channels are 0–255. */
function colourName(red: number, green: number, blue: number): string {
  const max = Math.max(red, green, blue)
  const spread = max - Math.min(red, green, blue)
  if (max < 40) return 'Black'
  if (spread < 24) return max > 225 ? 'White' : 'Gray'
  const hue = hueOf(red, green, blue, max, spread)
  if (hue >= 15 && hue < 45 && max < 160) return 'Brown'
  return HUES.find(({ below }) => hue < below)?.name ?? 'Red'
}

function hueOf(red: number, green: number, blue: number, max: number, spread: number): number {
  if (max === red) return (60 * ((green - blue) / spread) + 360) % 360
  if (max === green) return 60 * ((blue - red) / spread) + 120
  return 60 * ((red - green) / spread) + 240
}
