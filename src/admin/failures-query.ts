import type { z } from 'zod'
import { runFilterQuerySchema, toRunFilter } from '../contract/run-filter.ts'
import type { RunFilter } from '../domain/run-filter.ts'
import { parseQuery } from '../http/parse-with.ts'
import { FAILURES, withQuery } from './addresses.ts'
import { isoTime } from './components/time.tsx'

/**
 * The filters of the list of runs, as text; empty if unset. `status` and `acknowledged` are never empty: `any` means unset. `group` is
 * not a filter: if it is `cause`, the runs are grouped by cause. All values but the defaults are in the URL, so the link can be shared.
 */
export type FailuresQuery = { [name in keyof z.infer<typeof runFilterQuerySchema> | 'group']: string }

/** Open failures: failed runs that nobody has acknowledged. */
export const OPEN_FAILURES: FailuresQuery = {
  status: 'failed',
  acknowledged: 'false',
  extension: '',
  cause: '',
  contradicted: '',
  since: '',
  until: '',
  q: '',
  group: '',
}
const NAMES = Object.keys(OPEN_FAILURES) as (keyof FailuresQuery)[]

export function readFailuresQuery(fields: URLSearchParams): FailuresQuery {
  const query = { ...OPEN_FAILURES }
  for (const name of NAMES) query[name] = fields.get(name) || OPEN_FAILURES[name]
  return { ...query, q: query.q.trim(), since: isoTime(query.since), until: isoTime(query.until) }
}

/** The filter that the query describes. Throws `invalid_input` if a field is invalid. */
export function filterOf(query: FailuresQuery): RunFilter {
  const { group: _, ...fields } = query
  const isUnset = (name: string, value: string) =>
    (name === 'status' || name === 'acknowledged') && value === 'any'
  const filters = Object.entries(fields).filter(([name, value]) => !isUnset(name, value))
  return toRunFilter(parseQuery(runFilterQuerySchema, new URLSearchParams(filters)))
}

/** The URL of the list with some filters changed. Default values are omitted. */
export function failuresHref(query: FailuresQuery, changes: Partial<FailuresQuery> = {}): string {
  return withQuery(FAILURES, Object.fromEntries(fieldsOf({ ...query, ...changes })))
}

/** The URL of the page of the list that starts at the cursor. */
export function nextHref(query: FailuresQuery, cursor: string): string {
  return withQuery(FAILURES, { ...Object.fromEntries(fieldsOf(query)), cursor })
}

/** The fields that differ from `OPEN_FAILURES`, the default, for hidden fields and URLs. */
export function fieldsOf(query: FailuresQuery): [name: keyof FailuresQuery, value: string][] {
  return NAMES.filter((name) => query[name] !== OPEN_FAILURES[name]).map((name) => [name, query[name]])
}
