import { copyFile } from 'node:fs/promises'
import type { FileFacts } from '../library/library-file.ts'
import { loadOptionalPackages } from '../optional-packages.ts'

// A pixel is background if its red, green and blue each differ from the corner's by at most this much.
const TOLERANCE = 24

/**
 * Writes `source` as a PNG in which the colour of its top-left corner becomes transparent, or `backgroundColour` if
 * given. A file that is not an image, or whose dimensions cannot be read, is copied, because the scenario decides the outcome.
 * Throws for an image whose dimensions can be read, but not its pixels.
 */
export async function removeBackground(
  source: string,
  target: string,
  facts: FileFacts,
  backgroundColour: string | undefined,
): Promise<void> {
  if (facts.image === null) {
    await copyFile(source, target)
    return
  }
  const { sharp } = await loadOptionalPackages()
  const { data, info } = await sharp(source)
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  clearCornerColour(data)
  const cut = sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } })
  const result =
    backgroundColour === undefined ? cut : cut.flatten({ background: cssColour(backgroundColour) })
  await result.png().toFile(target)
}

function clearCornerColour(pixels: Buffer): void {
  const corner = [...pixels.subarray(0, 3)]
  for (let at = 0; at < pixels.length; at += 4) {
    if (corner.every((value, channel) => Math.abs((pixels[at + channel] ?? 0) - value) <= TOLERANCE)) {
      pixels[at + 3] = 0
    }
  }
}

/** remove.bg accepts hex codes without `#`, which sharp does not. */
function cssColour(colour: string): string {
  return /^(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(colour) ? `#${colour}` : colour
}
