import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Busboy } from '@fastify/busboy'
import { type ApiError, badRequest } from '../api-error.ts'

const LONGEST_FIELD_BYTES = 1024 * 1024

/** The `file` part as it arrived, on disk. */
export type SpooledPart = { path: string; bytes: number; sha256: string; hasFileName: boolean }

/** An upload form as received; `order` names every part, the file's included, in the order they came. */
export type MultipartForm = { fields: Map<string, string>; order: string[]; file: SpooledPart | null }

/**
 * Reads an upload form, the `file` part straight to disk whatever its kind: a base64 string or a URL comes without a
 * file name and would otherwise be held in memory. The part stays at `spoolPath`; on failure it is gone.
 */
export async function readMultipartForm(request: Request, spoolPath: string): Promise<MultipartForm> {
  const contentType = request.headers.get('content-type') ?? ''
  if (!contentType.startsWith('multipart/form-data') || request.body === null) {
    throw badRequest('Your request does not contain multipart/form-data.')
  }
  const parser = openParser(contentType)
  const form: MultipartForm = { fields: new Map(), order: [], file: null }
  const broken = new AbortController()
  let spooling: Promise<SpooledPart> | undefined
  let problem: Error | undefined

  parser.on('field', (name, value, _nameTruncated, valueTruncated) => {
    form.order.push(name)
    if (valueTruncated) problem ??= badRequest(`Your request contains too long ${name} parameter.`)
    form.fields.set(name, value)
  })
  parser.on('file', (name, stream, fileName) => {
    form.order.push(name)
    if (spooling !== undefined) {
      problem ??= badRequest('Your request contains more than one file parameter.')
      stream.resume()
      return
    }
    spooling = spool(stream, spoolPath, { hasFileName: fileName !== undefined, signal: broken.signal })
    spooling.catch((error: Error) => {
      // A disk that takes no more is no fault of the form's, and nothing would read on.
      problem ??= error
      parser.destroy()
    })
  })

  try {
    await feed(request.body, parser)
    form.file = (await spooling) ?? null
    if (problem !== undefined) throw problem
    return form
  } catch (error) {
    const cause = problem ?? error
    // A parser that breaks off leaves the part's stream open.
    broken.abort()
    await spooling?.catch(() => undefined)
    await rm(spoolPath, { force: true })
    throw cause
  }
}

function openParser(contentType: string) {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      isPartAFile: (fieldName) => fieldName === 'file',
      limits: { fieldSize: LONGEST_FIELD_BYTES },
    })
  } catch {
    throw unreadable()
  }
}

async function feed(body: ReadableStream<Uint8Array>, parser: Writable): Promise<void> {
  try {
    await pipeline(Readable.fromWeb(body), parser)
  } catch {
    // Cut short, or no form at all.
    throw unreadable()
  }
}

function unreadable(): ApiError {
  return badRequest('Your request contains invalid multipart/form-data.')
}

async function spool(
  stream: Readable,
  path: string,
  { hasFileName, signal }: { hasFileName: boolean; signal: AbortSignal },
): Promise<SpooledPart> {
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(
    stream,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        bytes += chunk.length
        yield chunk
      }
    },
    createWriteStream(path),
    { signal },
  )
  return { path, bytes, sha256: hash.digest('hex'), hasFileName }
}
