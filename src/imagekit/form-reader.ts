import { DelimitedBytes } from './delimited-bytes.ts'
import { type FormPart, invalidForm } from './form-part.ts'
import { type PartHeaders, parseHeaderValue, parsePartHeaders } from './part-headers.ts'

/** An incoming multipart request: its `Content-Type`, and its body. Waiting for the body ends when `signal` aborts. */
export type IncomingForm = {
  contentType: string
  chunks: (signal?: AbortSignal) => AsyncIterable<Buffer>
}

export type FormLimits = { maxFieldBytes: number; maxParts: number }

/** Fields whose values the tracker interprets. They are read as text even if they have a file name. */
export const KNOWN_FIELDS: ReadonlySet<string> = new Set(['extensions', 'webhookUrl', 'fileName'])

const MAX_HEAD_BYTES = 16 * 1024
const MAX_BOUNDARY_LENGTH = 200
const DASHES = Buffer.from('--')
const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * Yields the parts of a form as they arrive, with backpressure; ends once the whole request has arrived. Throws
 * `invalid_input`, and whatever `chunks` throws.
 *
 * The usual parsers for Node.js skip a part that they can't read. Here it is an error: no part may be lost silently.
 */
export async function* readFormParts(
  form: IncomingForm,
  limits: FormLimits,
  signal?: AbortSignal,
): AsyncGenerator<FormPart, void> {
  const boundary = parseBoundary(form.contentType)
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  // A delimiter begins with a line break, but the first boundary may be the first line.
  const bytes = new DelimitedBytes(form.chunks(signal), truncated, Buffer.from('\r\n'))
  try {
    for await (const _preamble of bytes.until(delimiter));
    for (let parts = 1; !(await bytes.skipPrefix(DASHES)); parts += 1) {
      if (parts > limits.maxParts) throw invalidForm('form', `has more than ${limits.maxParts} parts`)
      yield readPart(bytes, delimiter, limits)
    }
    await bytes.drain()
  } finally {
    await bytes.close()
  }
}

async function readPart(bytes: DelimitedBytes, delimiter: Buffer, limits: FormLimits): Promise<FormPart> {
  const headers = await readHeaders(bytes, delimiter)
  const { name, fileName } = headers
  const content = bytes.until(delimiter)
  // A part without a file name is text, whatever its type.
  const contentType = fileName === undefined ? undefined : headers.contentType
  if (name === 'file') return { name, fileName, contentType, content }
  const field = await readField(name, content, limits.maxFieldBytes)
  if (fileName !== undefined && !KNOWN_FIELDS.has(name))
    return { name, fileName, contentType, content: once(field) }
  return {
    name,
    fileName: undefined,
    contentType: undefined,
    content: once(toUtf8(headers, field)),
  }
}

async function readHeaders(bytes: DelimitedBytes, delimiter: Buffer): Promise<PartHeaders> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of bytes.until(HEAD_END)) {
    length += piece.length
    if (length > MAX_HEAD_BYTES)
      throw invalidForm('form', `has a part whose headers are larger than ${MAX_HEAD_BYTES} bytes`)
    pieces.push(piece)
  }
  const head = Buffer.concat(pieces)
  // The boundary may be followed by white space on its line: https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
  const start = /^[ \t]*\r\n/.exec(head.toString('latin1'))?.[0]
  if (start === undefined || head.includes(delimiter))
    throw invalidForm('form', 'has a part without headers, or whose headers do not end')
  return parsePartHeaders(head.subarray(start.length))
}

async function readField(name: string, content: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of content) {
    length += piece.length
    if (length > maxBytes) throw invalidForm(name, `is larger than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** Text is relayed without a character set, so it is converted to UTF-8. */
function toUtf8({ name, charset = 'utf-8' }: PartHeaders, bytes: Buffer): Buffer {
  if (/^utf-?8$/i.test(charset)) return bytes
  try {
    return Buffer.from(new TextDecoder(charset, { ignoreBOM: true }).decode(bytes))
  } catch {
    throw invalidForm(name, `is in the unknown character set ${charset}`)
  }
}

/** The boundary that the `Content-Type` of a form names. Throws `invalid_input` if there is no valid one. */
function parseBoundary(contentType: string): string {
  const { value, parameters } = parseHeaderValue(contentType) ?? {}
  const boundary = parameters?.get('boundary') ?? ''
  const isForm = value?.toLowerCase() === 'multipart/form-data'
  if (isForm && boundary !== '' && boundary.length <= MAX_BOUNDARY_LENGTH) return boundary
  throw invalidForm('content-type', 'must be multipart/form-data with a boundary')
}

function truncated(): Error {
  return invalidForm('form', 'is cut short: its last boundary is missing')
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void> {
  yield bytes
}
