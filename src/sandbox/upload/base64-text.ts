import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

/** Whether a whole text on disk is base64: its alphabet, whitespace, padding only at the end, groups of four. */
export async function isBase64Text(path: string): Promise<boolean> {
  let length = 0
  let padded = false
  for await (const text of readText(path, 0)) {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || (padded && text !== '' && !/^=+$/.test(text))) return false
    padded ||= text.endsWith('=')
    length += text.length
  }
  return length > 0 && length % 4 === 0
}

/** Decodes the base64 text from byte `start` of `source` into `target`, chunk by chunk. */
export async function decodeBase64Text(source: string, start: number, target: string): Promise<void> {
  await pipeline(readText(source, start), decodeGroups, createWriteStream(target))
}

async function* readText(path: string, start: number): AsyncGenerator<string> {
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
