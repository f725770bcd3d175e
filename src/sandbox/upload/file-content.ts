import { createReadStream, createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { invalidParameter } from '../api-error.ts'
import { readHead } from '../library/disk-storage.ts'
import type { SpooledPart } from './multipart-form.ts'
import type { Downloader } from './remote-file.ts'

/** The maximum length of a URL, and of the part of a data URI before its data. */
const HEAD_BYTES = 4096

/**
 * Returns the path of the content of a `file` part. A part with a file name is the content itself. A part without one may be text:
 * a URL is downloaded to `target`, and base64 or a base64 data URI is decoded to `target`. Anything else is the content itself.
 */
export async function resolveContent(
  { downloader }: { downloader: Downloader },
  part: SpooledPart,
  target: string,
): Promise<string> {
  if (part.bytes === 0) throw invalidParameter('file', 'The file is empty.')
  if (part.hasFileName) return part.path
  const head = (await readHead(part.path, HEAD_BYTES)).toString('latin1')
  if (/^\s*https?:\/\//i.test(head)) {
    const text = part.bytes <= HEAD_BYTES ? (await readFile(part.path, 'utf8')).trim() : ''
    if (!URL.canParse(text)) throw invalidParameter('file', 'The URL is not valid.')
    await downloader.download(text, target)
    return target
  }
  const dataUri = /^\s*data:[^,]*;base64,/i.exec(head)?.[0]
  if (dataUri === undefined && !(await isBase64Text(part.path))) return part.path
  await decodeBase64Text(part.path, dataUri?.length ?? 0, target)
  return target
}

/**
 * Whether a file contains base64, and apart from that only whitespace: at least one group of four characters, and padding only at
 * the end.
 */
async function isBase64Text(path: string): Promise<boolean> {
  let length = 0
  let isPadded = false
  for await (const text of readWithoutWhitespace(path, 0)) {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || (isPadded && text !== '' && !/^=+$/.test(text))) return false
    isPadded ||= text.endsWith('=')
    length += text.length
  }
  return length > 0 && length % 4 === 0
}

/** Decodes the base64 text from byte `start` of `source` into `target`, chunk by chunk. */
async function decodeBase64Text(source: string, start: number, target: string): Promise<void> {
  await pipeline(readWithoutWhitespace(source, start), decodeGroups, createWriteStream(target))
}

async function* readWithoutWhitespace(path: string, start: number): AsyncGenerator<string> {
  for await (const chunk of createReadStream(path, { start, encoding: 'latin1' })) {
    yield String(chunk).replaceAll(/\s/g, '')
  }
}

async function* decodeGroups(texts: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let rest = ''
  for await (const text of texts) {
    const available = rest + text
    const whole = available.length - (available.length % 4)
    rest = available.slice(whole)
    yield Buffer.from(available.slice(0, whole), 'base64')
  }
  yield Buffer.from(rest, 'base64')
}
