import { z } from 'zod'
import { EVERY_RUN, type RunFilter } from '../../domain/run-filter.ts'
import { parseWith } from '../parse-with.ts'
import { reasonText } from './read-reason.ts'

export const time = z.iso
  .datetime({ offset: true, message: 'must be a time such as 2026-11-24T18:00:00Z' })
  .transform((text) => Date.parse(text))
const word = z.string().min(1, 'must not be empty').max(500, 'must have at most 500 characters')

/** What is left out is not asked for. */
const fields = {
  status: z.enum(['pending', 'success', 'failed', 'expired']).nullish(),
  extension: word.nullish(),
  cause: word.nullish(),
  since: time.nullish(),
  until: time.nullish(),
  q: word.nullish(),
}
const querySchema = z.object({
  ...fields,
  acknowledged: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
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

/** The filter of a query string; an empty value counts as left out, as a form sends it. Throws `invalid_input`. */
export function parseRunQuery(query: { [name: string]: string }): RunFilter {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))
  return completed(parseWith(querySchema, given))
}

/** What is to be asked for again. Throws `invalid_input`; a field that is not known too, for it may have been meant. */
export function parseRetryRequest(json: unknown): {
  filter: RunFilter
  limit: number
  dryRun: boolean
  reason: string | null
} {
  const { limit, dryRun, reason, ...filter } = parseWith(retrySchema, json)
  return { filter: completed(filter), limit, dryRun, reason: reason ?? null }
}

function completed(given: { [name in keyof RunFilter]?: RunFilter[name] | undefined }): RunFilter {
  const { status = null, extension = null, cause = null, acknowledged = null } = given
  const { contradicted = null, since = null, until = null, q = null } = given
  return { ...EVERY_RUN, status, extension, cause, acknowledged, contradicted, since, until, q }
}
