import type { z } from 'zod'
import { TrackerError } from '../domain/errors.ts'

/** Throws `invalid_input`, which names each field that is wrong. */
export function parseWith<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }))
  throw new TrackerError('invalid_input', 'The request is not valid.', { fields })
}
