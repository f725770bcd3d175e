import { z } from 'zod'
import { TrackerError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { RequestedExtension } from '../domain/submission.ts'

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
  return parsed.data.map((extension) => ({ ...(extension as { [key: string]: Json }), name: extension.name }))
}

function invalidExtensions(message: string): TrackerError {
  return new TrackerError('invalid_input', 'Your request contains invalid extensions parameter.', {
    fields: [{ field: 'extensions', message }],
  })
}
