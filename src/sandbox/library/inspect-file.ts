import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { getMimeType } from 'hono/utils/mime'
import { loadOptionalPackages } from '../optional-packages.ts'
import { readEmbeddedMetadata } from './embedded-metadata.ts'
import type { FileFacts } from './library-file.ts'

/**
 * Reads size, hash, type, dimensions and embedded metadata from the bytes. `name` decides the type if the bytes have no known
 * signature, or are XML.
 */
export async function inspectFile(path: string, name: string): Promise<FileFacts> {
  const [{ size }, sha256, mime] = await Promise.all([stat(path), hashFile(path), detectMime(path, name)])
  const fileType = mime.startsWith('image/') ? 'image' : 'non-image'
  const image = fileType === 'image' ? await inspectImage(path) : null
  const embeddedMetadata = fileType === 'image' ? await readEmbeddedMetadata(path) : {}
  return { size, sha256, mime, fileType, image, embeddedMetadata }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

async function detectMime(path: string, name: string): Promise<string> {
  const { fileTypeFromFile } = await loadOptionalPackages()
  const detected = await fileTypeFromFile(path)
  const byName = getMimeType(name)?.split(';')[0]
  // file-type detects an SVG only as XML, so the name decides for XML.
  if (detected !== undefined && detected.mime !== 'application/xml') return detected.mime
  return byName ?? detected?.mime ?? 'application/octet-stream'
}

async function inspectImage(path: string): Promise<FileFacts['image']> {
  const { sharp } = await loadOptionalPackages()
  try {
    const { width, height, hasAlpha, format, hasProfile, density, orientation } = await sharp(path).metadata()
    return {
      width,
      height,
      hasAlpha,
      format: format === 'jpeg' ? 'jpg' : format,
      hasColorProfile: hasProfile,
      density: density ?? null,
      orientation: orientation ?? null,
    }
  } catch {
    // sharp cannot decode every image type, and ImageKit stores even a broken image.
    return null
  }
}
