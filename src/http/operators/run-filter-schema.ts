import { z } from 'zod'
import { EVERY_RUN, type RunFilter } from '../../domain/run-filter.ts'
import { parseWith } from '../parse-with.ts'
import { reasonText } from './read-reason.ts'

export const time = z.iso
  .datetime({ offset: true, message: 'must be a time such as 2026-11-24T18:00:00Z' })
  .transform((value) => Date.parse(value))
const text = z.string().min(1, 'must not be empty').max(500, 'must have at most 500 characters')

/** A field that is absent does not filter. */
const fields = {
  status: z.enum(['pending', 'success', 'failed', 'expired']).nullish(),
  extension: text.nullish(),
  cause: text.nullish(),
  since: time.nullish(),
  until: time.nullish(),
  q: text.nullish(),
}
const querySchema = z.object({
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

/** The query parameters that filter runs. */
export const RUN_FILTERS = Object.keys(querySchema.shape)

const retrySchema = z.strictObject({
  ...fields,
  status: z.enum(['success', 'failed', 'expired'], { message: 'must be failed, expired or success' }),
  acknowledged: z.boolean().nullish(),
  contradicted: z.literal(true).nullish(),
  limit: z.int().min(1).max(1000, 'must be at most 1000').default(100),
  dryRun: z.boolean().default(false),
  reason: reasonText,
})

/** Parses a query string into a filter. Forms send empty values, which count as absent. Throws `invalid_input`. */
export function parseRunQuery(query: { [name: string]: string }): RunFilter {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))
  return toRunFilter(parseWith(querySchema, given))
}

/** Parses the selection of runs to retry. Throws `invalid_input`, also for an unknown field: it may be a misspelt filter. */
export function parseRetryRequest(json: unknown): {
  filter: RunFilter
  limit: number
  dryRun: boolean
  reason: string | null
} {
  const { limit, dryRun, reason, ...filter } = parseWith(retrySchema, json)
  return { filter: toRunFilter(filter), limit, dryRun, reason: reason ?? null }
}

function toRunFilter(given: { [name in keyof RunFilter]?: RunFilter[name] | undefined }): RunFilter {
  const { status = null, extension = null, cause = null, acknowledged = null } = given
  const { contradicted = null, since = null, until = null, q = null } = given
  return { ...EVERY_RUN, status, extension, cause, acknowledged, contradicted, since, until, q }
}
