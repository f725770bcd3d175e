import type { z } from 'zod'
import { type FieldError, TrackerError } from '../domain/errors.ts'

/** Throws `invalid_input`, which names each invalid field. */
export function parseWith<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.flatMap(fieldErrors)
  throw new TrackerError('invalid_input', 'The request is not valid.', { fields })
}

/** A body of 1 MiB may have 100,000 unknown fields. */
const MAX_UNKNOWN_FIELDS = 20

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== 'unrecognized_keys') return [{ field: issue.path.join('.'), message: issue.message }]
  const unknown = issue.keys.slice(0, MAX_UNKNOWN_FIELDS)
  return unknown.map((key) => ({ field: [...issue.path, key].join('.'), message: 'is not a known field' }))
}
