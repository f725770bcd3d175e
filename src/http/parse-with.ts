import type { z } from 'zod'
import { TrackerError } from '../domain/errors.ts'

/** Throws `invalid_input`, which names each field that is wrong. */
export function parseWith<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), message: 'is not a known field' }))
      : [{ field: issue.path.join('.'), message: issue.message }],
  )
  throw new TrackerError('invalid_input', 'The request is not valid.', { fields })
}
