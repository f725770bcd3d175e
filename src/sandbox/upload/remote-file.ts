import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { badRequest } from '../api-error.ts'

// ImageKit: "aborted if response headers are not received in 8 seconds".
const HEADERS_WITHIN_MS = 8000

/** Downloads a `file` given as a URL; whatever fails is the caller's fault, as ImageKit has it. */
export async function downloadFile(url: string, target: string): Promise<void> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), HEADERS_WITHIN_MS)
  try {
    const response = await fetch(url, { signal: late.signal })
    clearTimeout(timer)
    if (!response.ok || response.body === null) throw cannotDownload()
    await pipeline(Readable.fromWeb(response.body), createWriteStream(target))
  } catch {
    throw cannotDownload()
  } finally {
    clearTimeout(timer)
  }
}

function cannotDownload() {
  return badRequest(
    'Your request contains invalid file parameter. The file could not be downloaded from the URL.',
  )
}
