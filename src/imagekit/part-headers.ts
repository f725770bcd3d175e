import { isUtf8 } from 'node:buffer'
import { invalidForm } from './form-part.ts'

export type PartHeaders = {
  name: string
  fileName: string | undefined
  contentType: string | undefined
  /** The `charset` parameter of `contentType`. */
  charset: string | undefined
}

/**
 * Parses the headers of one part: https://www.rfc-editor.org/rfc/rfc7578#section-4. Throws `invalid_input` for malformed, repeated
 * or unsupported ones; `filename*` takes precedence over `filename`. The form writer writes the name and the file name again, and
 * rejects those on which parsers disagree. So ImageKit reads the same ones as this parser, except that it may read a quote as `%22`,
 * and may drop the backslashes of a Windows path.
 */
export function parsePartHeaders(head: Buffer): PartHeaders {
  if (!isUtf8(head)) throw invalidHeaders('are not UTF-8')
  const headers = parseLines(head.toString('utf8'))
  const transferEncoding = headers.get('content-transfer-encoding') ?? 'binary'
  if (!/^(7bit|8bit|binary)$/i.test(transferEncoding))
    throw invalidHeaders('have a Content-Transfer-Encoding other than 7bit, 8bit or binary')
  const disposition = parseDisposition(headers.get('content-disposition'))
  const contentType = headers.get('content-type')
  const type = contentType === undefined ? undefined : parseHeaderValue(contentType)
  if (contentType !== undefined && type === undefined) throw invalidHeaders('have an invalid Content-Type')
  return { ...disposition, contentType, charset: type?.parameters.get('charset') }
}

/** Splits `text/plain; charset=utf-8` into its value and its parameters, by name in lower case; undefined if malformed. */
export function parseHeaderValue(
  text: string,
): { value: string; parameters: Map<string, string> } | undefined {
  const [value = ''] = /^[^\s;"]*/.exec(text) ?? []
  const parameters = new Map<string, string>()
  // Matches one parameter: its name, and its value with or without quotes; or an empty parameter, which is skipped.
  const parameter = /[ \t]*;[ \t]*(?:([^\s=;"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"\\]+)))?[ \t]*/sy
  let at = value.length
  while (at < text.length) {
    parameter.lastIndex = at
    const match = parameter.exec(text)
    if (match === null) return /^[ \t]*$/.test(text.slice(at)) ? { value, parameters } : undefined
    at = parameter.lastIndex
    const [, name, quoted, bare = ''] = match
    if (name === undefined) continue
    // Browsers don't escape the backslashes of Windows paths; only `\"` and `\\` are escape sequences.
    const unescaped = quoted === undefined ? bare : quoted.replace(/\\(["\\])/g, '$1')
    if (parameters.has(name.toLowerCase())) return undefined
    parameters.set(name.toLowerCase(), unescaped)
  }
  return { value, parameters }
}

function parseLines(head: string): Map<string, string> {
  const headers = new Map<string, string>()
  let last: string | undefined
  for (const line of head.split('\r\n')) {
    if (/[^\P{Cc}\t]/u.test(line)) throw invalidHeaders('contain control characters')
    if (/^[ \t]/.test(line) && last !== undefined) {
      headers.set(last, `${headers.get(last)}${line}`)
      continue
    }
    const [, name, value = ''] = /^([^\s:"();,<>=@[\]\\/?{}]+):(.*)$/s.exec(line) ?? []
    if (name === undefined) throw invalidHeaders('contain a line that is not a header')
    last = name.toLowerCase()
    if (headers.has(last)) throw invalidHeaders(`contain ${name} twice`)
    headers.set(last, value)
  }
  for (const [name, value] of headers) headers.set(name, value.trim())
  return headers
}

function parseDisposition(text: string | undefined): Pick<PartHeaders, 'name' | 'fileName'> {
  if (text === undefined) throw invalidHeaders('have no Content-Disposition')
  const { value, parameters } = parseHeaderValue(text) ?? {}
  if (value === undefined || parameters === undefined)
    throw invalidHeaders('have an invalid Content-Disposition')
  if (value.toLowerCase() !== 'form-data')
    throw invalidHeaders('have a Content-Disposition other than form-data')
  const name = parameters.get('name')
  if (name === undefined || name === '') throw invalidForm('form', 'has a part without a name')
  const extended = parameters.get('filename*')
  const unsupported = [...parameters.keys()].filter(
    (key) => /^(file)?name\*/.test(key) && key !== 'filename*',
  )
  if (unsupported.length > 0) throw invalidHeaders(`have the unsupported parameter ${unsupported[0]}`)
  return { name, fileName: extended === undefined ? parameters.get('filename') : decodeExtended(extended) }
}

/** Decodes `UTF-8''na%C3%AFve`: https://www.rfc-editor.org/rfc/rfc8187 */
function decodeExtended(text: string): string {
  const [, charset = '', encoded = ''] = /^(UTF-8|ISO-8859-1)'[^']*'(.*)$/is.exec(text) ?? []
  const bytes = Buffer.from(
    encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  const isLatin1 = charset.toUpperCase() === 'ISO-8859-1'
  const isDecodable = /^([^%]|%[0-9a-f]{2})*$/i.test(encoded) && (isLatin1 || isUtf8(bytes))
  const decoded = bytes.toString(isLatin1 ? 'latin1' : 'utf8')
  if (charset === '' || !isDecodable || /\p{Cc}/u.test(decoded))
    throw invalidHeaders('have an invalid filename*')
  return decoded
}

function invalidHeaders(reason: string): Error {
  return invalidForm('form', `has a part whose headers ${reason}`)
}
