import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Busboy } from '@fastify/busboy'
import { type ApiError, badRequest } from '../api-error.ts'

const MAX_FIELD_BYTES = 1024 * 1024

/** The `file` part as received, on disk. */
export type SpooledPart = { path: string; bytes: number; sha256: string; hasFileName: boolean }

/** An upload form as received; `order` lists the names of all parts, the file's included, in the order received. */
export type MultipartForm = { fields: Map<string, string>; order: string[]; file: SpooledPart | null }

/**
 * Reads an upload form and writes its `file` part to disk at `spoolPath`, even if the part has no file name (a base64 string or a
 * URL): by default, the parser would buffer such a part in memory. On failure, removes the file at `spoolPath`.
 */
export async function readMultipartForm(request: Request, spoolPath: string): Promise<MultipartForm> {
  const contentType = request.headers.get('content-type') ?? ''
  if (!contentType.startsWith('multipart/form-data') || request.body === null) {
    throw badRequest('Your request does not contain multipart/form-data.')
  }
  const parser = openParser(contentType)
  const form: MultipartForm = { fields: new Map(), order: [], file: null }
  const aborted = new AbortController()
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
    spooling = spool(stream, spoolPath, { hasFileName: fileName !== undefined, signal: aborted.signal })
    spooling.catch((error: Error) => {
      // A write error, such as a full disk, is not an error of the form. Stop parsing, because nothing reads the stream any more.
      problem ??= error
      parser.destroy()
    })
  })

  try {
    await pipeToParser(request.body, parser)
    form.file = (await spooling) ?? null
    if (problem !== undefined) throw problem
    return form
  } catch (error) {
    const cause = problem ?? error
    // Ends the writing of the part: a parser that fails leaves the stream of the part open.
    aborted.abort()
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
      limits: { fieldSize: MAX_FIELD_BYTES },
    })
  } catch {
    throw unreadableForm()
  }
}

async function pipeToParser(body: ReadableStream<Uint8Array>, parser: Writable): Promise<void> {
  try {
    await pipeline(Readable.fromWeb(body), parser)
  } catch {
    // The body is truncated, or not a form.
    throw unreadableForm()
  }
}

function unreadableForm(): ApiError {
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
