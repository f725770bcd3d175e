import { z } from 'zod'
import { TrackerError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { RequestedExtension } from '../domain/submission.ts'

const MAX_EXTENSIONS = 100
const extensionsSchema = z.array(z.looseObject({ name: z.string().min(1).max(256) }))

/** The `extensions` of an upload, a JSON text. Options inside an extension are ImageKit's to judge. */
export function parseExtensionsText(text: string): RequestedExtension[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidExtensions('should be a JSON text such as [{"name":"remove-bg"}]')
  }
  return parseExtensions(value)
}

/** The `extensions` of an update, an array. */
export function parseExtensions(value: unknown): RequestedExtension[] {
  const parsed = extensionsSchema.safeParse(value)
  if (!parsed.success) throw invalidExtensions('should be an array of objects, each with a "name"')
  if (parsed.data.length > MAX_EXTENSIONS)
    throw invalidExtensions(`has more than ${MAX_EXTENSIONS} extensions`)
  if (!canBeWritten(parsed.data)) throw invalidExtensions('is nested too deeply')
  return parsed.data.map((extension) => ({ ...(extension as { [key: string]: Json }), name: extension.name }))
}

/** `JSON.parse` reads what is nested deeper than `JSON.stringify` can write. */
function canBeWritten(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}

function invalidExtensions(message: string): TrackerError {
  return new TrackerError('invalid_input', 'Your request contains invalid extensions parameter.', {
    fields: [{ field: 'extensions', message }],
  })
}
