import { z } from 'zod'
import type { RunFilter } from '../domain/run-filter.ts'
import { reasonText } from './reason.ts'
import { timeInputSchema } from './run.ts'

const text = z.string().min(1, 'must not be empty').max(500, 'must have at most 500 characters')

const fields = {
  status: z.enum(['pending', 'success', 'failed', 'expired']).nullish(),
  extension: text.nullish(),
  cause: text.nullish(),
  since: timeInputSchema.nullish(),
  until: timeInputSchema.nullish(),
  q: text.nullish(),
}

/** The query parameters that filter runs. */
export const runFilterQuerySchema = z.object({
  ...fields,
  acknowledged: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .nullish(),
  contradicted: z
    .literal('true')
    .transform(() => true as const)
    .nullish(),
})

export const retryRequestSchema = z
  .strictObject({
    ...fields,
    status: z.enum(['success', 'failed', 'expired'], { message: 'must be failed, expired or success' }),
    acknowledged: z.boolean().nullish(),
    contradicted: z.literal(true).nullish(),
    limit: z.int().min(1).max(1000, 'must be at most 1000').default(100),
    dryRun: z.boolean().default(false),
    reason: reasonText,
  })
  .meta({
    id: 'RetryRequest',
    examples: [
      { status: 'failed', extension: 'remove-bg', since: '2026-11-24T00:00:00Z', limit: 100, dryRun: true },
    ],
    description: 'Which runs to retry. An unknown field is rejected, because it may be a misspelt filter.',
  })

/** The filter that a parsed query or request describes. A field that is absent or null does not filter. */
export function toRunFilter(query: { [name in keyof RunFilter]?: RunFilter[name] | undefined }): RunFilter {
  const { status = null, extension = null, cause = null, acknowledged = null } = query
  const { contradicted = null, since = null, until = null, q = null } = query
  const exceptCauses = null
  return { status, extension, cause, exceptCauses, acknowledged, contradicted, since, until, q }
}
