import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { TrackerError } from '../domain/errors.ts'
import type { FormPart } from './form-part.ts'
import { invalidForm } from './invalid-form.ts'
import { PartQueue } from './part-queue.ts'

/** A multipart request that arrives: its `Content-Type`, and its body, which stops being waited for when `signal` aborts. */
export type IncomingForm = {
  contentType: string
  chunks: (signal?: AbortSignal) => AsyncIterable<Buffer>
}

export type FormLimits = { maxFieldBytes: number; maxParts: number }

/** Read whole even when they come with a file name, for the tracker has to know them. */
export const KNOWN_FIELDS: ReadonlySet<string> = new Set(['extensions', 'webhookUrl', 'fileName'])

/**
 * The parts of a form as they arrive; ends once the whole request has come. No more of the request is read than its parts
 * are taken. Throws `invalid_input`, and what `chunks` throws.
 */
export async function* readFormParts(
  form: IncomingForm,
  limits: FormLimits,
  signal?: AbortSignal,
): AsyncGenerator<FormPart, void> {
  const parts = new PartQueue()
  const parser = createParser(form.contentType, limits)
  parser.on('field', (name: string | undefined, value, _nameCut, isCut) => {
    if (name === undefined) parts.fail(invalidForm('form', 'has a part without a name'))
    else if (isCut) parts.fail(invalidForm(name, `is larger than ${limits.maxFieldBytes} bytes`))
    else parts.push({ name, fileName: undefined, contentType: undefined, content: once(Buffer.from(value)) })
  })
  parser.on(
    'file',
    (name: string | undefined, content, fileName: string | undefined, _encoding, contentType) => {
      if (name === undefined) parts.fail(invalidForm('form', 'has a part without a name'))
      else {
        // Without a file name it is a text, whatever type the parser takes it for.
        const type = fileName === undefined ? undefined : contentType
        parts.pushFile({ name, fileName, contentType: type, content }, notWellFormed)
      }
    },
  )
  parser.on('partsLimit', () => parts.fail(invalidForm('form', `has more than ${limits.maxParts} parts`)))
  parser.on('error', (error: Error) => parts.fail(notWellFormed(error)))
  parser.on('finish', () => parts.end())

  const letGo = new AbortController()
  const stop = signal ? AbortSignal.any([signal, letGo.signal]) : letGo.signal
  const pumped = pump(form.chunks(stop), parser, parts, letGo.signal).catch((error: unknown) =>
    parts.fail(error),
  )
  try {
    yield* parts.taken()
  } finally {
    parts.end()
    letGo.abort()
    await pumped
  }
}

/**
 * Gives the parser a chunk at a time, each once the parts of the one before were taken. The parser holds a chunk back while
 * a file's content is not read, and for ever where nobody reads on.
 */
async function pump(
  chunks: AsyncIterable<Buffer>,
  parser: BusboyInstance,
  parts: PartQueue,
  letGo: AbortSignal,
): Promise<void> {
  let release = () => {}
  letGo.addEventListener('abort', () => release(), { once: true })
  for await (const chunk of chunks) {
    if (letGo.aborted) return
    await new Promise<void>((resolve, reject) => {
      release = resolve
      parser.write(chunk, (error) => (error ? reject(error) : resolve()))
    })
    await parts.allTaken()
    if (letGo.aborted) return
  }
  parser.end()
}

function createParser(contentType: string, limits: FormLimits): BusboyInstance {
  if (!/^multipart\/form-data\s*;/i.test(contentType))
    throw invalidForm('content-type', 'should be multipart/form-data with a boundary')
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: { fieldSize: limits.maxFieldBytes, parts: limits.maxParts },
      preservePath: true,
      isPartAFile: (name: string | undefined, _type, fileName) =>
        name === 'file' || (fileName !== undefined && name !== undefined && !KNOWN_FIELDS.has(name)),
    })
  } catch (error) {
    if (error instanceof TrackerError) throw error
    throw invalidForm('content-type', 'should be multipart/form-data with a boundary')
  }
}

/** The parser's own words are for developers; a form that ends too early is by far the most common cause. */
function notWellFormed(cause: unknown): TrackerError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return invalidForm('form', `is cut short, or is no well-formed multipart form (${reason})`)
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void> {
  yield bytes
}
