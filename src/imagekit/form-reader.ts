import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { TrackerError } from '../domain/errors.ts'

export type FormPart =
  | { kind: 'field'; name: string; value: string }
  | { kind: 'file'; name: string; fileName: string | undefined; contentType: string; content: Readable }

export type FormLimits = { maxBytes: number; maxFieldBytes: number; maxParts: number }

/** Read whole even when they come with a file name, for the tracker has to know them. */
const READ_WHOLE = ['extensions', 'webhookUrl', 'fileName']

const MAX_QUEUED_BYTES = 1024 * 1024

/**
 * The parts of a multipart request as they arrive. A `file` part's content has to be consumed before the next part comes;
 * until then the request is not read further. Throws `invalid_input`, `payload_too_large` or `client_closed`; the request
 * itself is left open, so that it can still be answered.
 */
export async function* readFormParts(
  incoming: IncomingMessage,
  limits: FormLimits,
): AsyncGenerator<FormPart, void> {
  if (incoming.destroyed) throw clientClosed()
  const queue = new PartQueue(incoming)
  const parser = createParser(incoming, limits)

  parser.on('field', (name: string | undefined, value, _nameCut, isCut) => {
    if (name === undefined) return queue.fail(invalid('form', 'every part needs a name'))
    if (isCut) return queue.fail(invalid(name, `is larger than ${limits.maxFieldBytes} bytes`))
    return queue.push({ kind: 'field', name, value })
  })
  parser.on('file', (name, content, fileName: string | undefined, _encoding, contentType) => {
    queue.push({ kind: 'file', name, fileName, contentType, content })
  })
  parser.on('partsLimit', () => queue.fail(invalid('form', `has more than ${limits.maxParts} parts`)))
  parser.on('error', (error: Error) =>
    queue.fail(invalid('form', `is not well-formed multipart (${error.message})`)),
  )
  parser.on('finish', () => queue.end())
  parser.on('drain', () => queue.resume())

  let bytes = 0
  const onData = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > limits.maxBytes) return queue.fail(tooLarge(limits.maxBytes))
    if (!parser.write(chunk)) queue.pause()
  }
  const onClose = () => {
    if (!incoming.complete) queue.fail(clientClosed())
  }
  incoming.on('data', onData)
  incoming.once('end', () => parser.end())
  incoming.once('close', onClose)
  incoming.once('error', onClose)
  try {
    yield* queue.parts(() => !parser.writableNeedDrain)
  } finally {
    incoming.off('data', onData)
  }
}

function createParser(incoming: IncomingMessage, limits: FormLimits): BusboyInstance {
  const contentType = incoming.headers['content-type'] ?? ''
  if (!/^multipart\/form-data\s*;/i.test(contentType))
    throw invalid('content-type', 'should be multipart/form-data with a boundary')
  if (Number(incoming.headers['content-length'] ?? 0) > limits.maxBytes) throw tooLarge(limits.maxBytes)
  try {
    return new Busboy({
      headers: { ...incoming.headers, 'content-type': contentType },
      limits: { fieldSize: limits.maxFieldBytes, parts: limits.maxParts },
      isPartAFile: (name, _type, fileName) =>
        name === 'file' || (fileName !== undefined && name !== undefined && !READ_WHOLE.includes(name)),
    })
  } catch (error) {
    throw invalid('content-type', `can't be read (${error instanceof Error ? error.message : String(error)})`)
  }
}

function invalid(field: string, message: string): TrackerError {
  return new TrackerError('invalid_input', 'The upload form is not valid.', { fields: [{ field, message }] })
}

function clientClosed(): TrackerError {
  return new TrackerError('client_closed', 'The request ended before it was complete.')
}

function tooLarge(maxBytes: number): TrackerError {
  return new TrackerError(
    'payload_too_large',
    `The upload is larger than ${maxBytes} bytes (MAX_UPLOAD_BYTES).`,
  )
}

/** Hands parts from the parser's events to whoever iterates, and holds the request back while they wait. */
class PartQueue {
  readonly #incoming: IncomingMessage
  readonly #parts: FormPart[] = []
  #queuedBytes = 0
  #state: 'open' | 'ended' | TrackerError = 'open'
  #wake: () => void = () => {}
  #content: Readable | undefined

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming
  }

  push(part: FormPart): void {
    this.#parts.push(part)
    if (part.kind === 'file') this.#content = part.content
    else this.#queuedBytes += part.value.length
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.pause()
    this.#wake()
  }

  fail(error: TrackerError): void {
    if (this.#state !== 'open') return
    this.#state = error
    this.#content?.destroy(error)
    this.#wake()
  }

  end(): void {
    if (this.#state === 'open') this.#state = 'ended'
    this.#wake()
  }

  pause(): void {
    this.#incoming.pause()
  }

  resume(): void {
    if (this.#queuedBytes <= MAX_QUEUED_BYTES) this.#incoming.resume()
  }

  async *parts(mayResume: () => boolean): AsyncGenerator<FormPart, void> {
    for (;;) {
      if (this.#state instanceof TrackerError) throw this.#state
      const part = this.#parts.shift()
      if (part !== undefined) {
        if (part.kind === 'field') this.#queuedBytes -= part.value.length
        if (mayResume()) this.resume()
        yield part
      } else if (this.#state === 'ended') return
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}
