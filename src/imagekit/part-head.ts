import { invalidForm } from './invalid-form.ts'

export type PartHead = { name: string; fileName: string | undefined; contentType: string | undefined }

/** The headers of a part (RFC 7578, names in UTF-8). */
export function parsePartHead(bytes: Buffer): PartHead {
  const lines = bytes
    .toString('utf8')
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const header = (name: string) =>
    lines.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1)
  const disposition = header('content-disposition')?.trim() ?? ''
  const name = parseParameter(disposition, 'name')
  if (!/^form-data\s*;/i.test(disposition) || name === undefined)
    throw invalidForm('form', 'has a part without a name')
  return {
    name,
    fileName: parseParameter(disposition, 'filename'),
    contentType: header('content-type')?.trim(),
  }
}

/** The boundary of a `multipart/form-data` request. */
export function parseBoundary(contentType: string): string {
  const boundary = /^multipart\/form-data\s*;/i.test(contentType)
    ? parseParameter(contentType, 'boundary')
    : undefined
  if (boundary !== undefined && /^[\x20-\x7e]{1,200}$/.test(boundary)) return boundary
  throw invalidForm('content-type', 'should be multipart/form-data with a boundary')
}

/** Quotes in a quoted value are percent-encoded (browsers; left as they are) or escaped by a backslash (others). */
function parseParameter(value: string, name: string): string | undefined {
  for (const match of value.matchAll(/;\s*([^\s;="]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/gs)) {
    const [, key, quoted, token] = match
    if (key?.toLowerCase() === name) return quoted?.replace(/\\(["\\])/g, '$1') ?? token
  }
  return undefined
}
