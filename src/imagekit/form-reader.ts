import { DelimitedBytes } from './delimited-bytes.ts'
import { invalidForm } from './invalid-form.ts'
import { type PartHead, parseBoundary, parsePartHead } from './part-head.ts'

/** A multipart request that arrives: its `Content-Type`, and its body, which stops being waited for when `signal` aborts. */
export type IncomingForm = {
  contentType: string
  chunks: (signal?: AbortSignal) => AsyncIterable<Buffer>
}

/** `content` has to be read to its end before the next part is asked for. */
export type FormPart = PartHead & { content: AsyncIterable<Buffer> }

export type FormLimits = { maxFieldBytes: number; maxParts: number }

/** Read whole even when they come with a file name, for the tracker has to know them. */
export const KNOWN_FIELDS: ReadonlySet<string> = new Set(['extensions', 'webhookUrl', 'fileName'])

const CRLF = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')
const MAX_HEAD_BYTES = 16 * 1024

/** The parts of a form as they arrive; ends once the whole request has come. Throws `invalid_input`, and what `chunks` throws. */
export async function* readFormParts(
  form: IncomingForm,
  limits: FormLimits,
  signal?: AbortSignal,
): AsyncGenerator<FormPart, void> {
  const boundary = `--${parseBoundary(form.contentType)}`
  const delimiter = Buffer.from(`\r\n${boundary}`)
  const bytes = new DelimitedBytes(form.chunks(signal), cutShort)
  try {
    // The first boundary has no line before it.
    bytes.untake(CRLF)
    await skip(bytes.until(delimiter))
    for (let count = 1; !(await isFormEnd(bytes)); count += 1) {
      if (count > limits.maxParts) throw invalidForm('form', `has more than ${limits.maxParts} parts`)
      const head = await readHead(bytes)
      const content = bytes.until(delimiter)
      yield { ...head, content: isFile(head) ? content : limited(content, head.name, limits.maxFieldBytes) }
    }
    await bytes.skipRest()
  } finally {
    await bytes.close()
  }
}

function cutShort(): Error {
  return invalidForm('form', 'ends before its closing boundary; it is cut short, or no multipart form')
}

/** What follows a boundary: two dashes, or a line end that may have spaces before it. */
async function isFormEnd(bytes: DelimitedBytes): Promise<boolean> {
  const next = await bytes.take(2)
  if (next.equals(Buffer.from('--'))) return true
  bytes.untake(next)
  const padding = await collect(bytes.until(CRLF), MAX_HEAD_BYTES)
  if (padding === undefined || padding.toString('latin1').trim() !== '')
    throw invalidForm('form', 'is not well-formed multipart')
  return false
}

async function readHead(bytes: DelimitedBytes): Promise<PartHead> {
  // A part without any header has its empty line at once.
  bytes.untake(CRLF)
  const head = await collect(bytes.until(HEAD_END), MAX_HEAD_BYTES)
  if (head === undefined)
    throw invalidForm('form', `has a part whose headers are larger than ${MAX_HEAD_BYTES} bytes`)
  return parsePartHead(head)
}

function isFile({ name, fileName }: PartHead): boolean {
  return name === 'file' || (fileName !== undefined && !KNOWN_FIELDS.has(name))
}

async function* limited(content: AsyncIterable<Buffer>, name: string, maxBytes: number) {
  let bytes = 0
  for await (const chunk of content) {
    bytes += chunk.length
    if (bytes > maxBytes) throw invalidForm(name, `is larger than ${maxBytes} bytes`)
    yield chunk
  }
}

/** Undefined where there are more than `maxBytes`. */
async function collect(content: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of content) {
    bytes += chunk.length
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function skip(content: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of content);
}
