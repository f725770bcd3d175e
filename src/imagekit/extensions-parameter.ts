import { z } from 'zod'
import { TrackerError } from '../domain/errors.ts'
import { isTooDeep } from '../domain/json.ts'
import { plainText } from '../domain/plain-text.ts'
import type { RequestedExtension } from '../domain/submission.ts'

const MAX_EXTENSIONS = 100
const extensionsSchema = z.array(z.looseObject({ name: plainText }))

/** Parses the `extensions` of an upload form, which are JSON in a text field. */
export function parseExtensionsText(text: string): RequestedExtension[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidExtensions('must be JSON, such as [{"name":"remove-bg"}]')
  }
  return parseExtensions(value)
}

/** Parses the `extensions` of a query: the same JSON, or names separated by commas. Empty if there are none. */
export function parseExtensionsQuery(text = ''): RequestedExtension[] {
  if (text.trimStart().startsWith('[')) return parseExtensionsText(text)
  const names = text.split(',').map((name) => name.trim())
  return text === '' ? [] : parseExtensions(names.map((name) => ({ name })))
}

/** Parses an array of `extensions`, as in the JSON body of an update or a registration. ImageKit validates their options. */
export function parseExtensions(value: unknown): RequestedExtension[] {
  // Checked before the extensions themselves: there may be hundreds of thousands.
  if (Array.isArray(value) && value.length > MAX_EXTENSIONS)
    throw invalidExtensions(`has more than ${MAX_EXTENSIONS} extensions`)
  const parsed = extensionsSchema.safeParse(value)
  if (!parsed.success) throw invalidExtensions('must be an array of objects, each with a "name"')
  // The value came from `JSON.parse`, so it is JSON.
  const extensions = parsed.data as RequestedExtension[]
  if (isTooDeep(extensions)) throw invalidExtensions('is nested too deeply')
  return extensions
}

function invalidExtensions(message: string): TrackerError {
  return new TrackerError('invalid_input', 'Your request contains invalid extensions parameter.', {
    fields: [{ field: 'extensions', message }],
  })
}
