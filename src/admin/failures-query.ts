import { parseTime } from '../domain/quantities.ts'
import type { RunFilter } from '../domain/run-filter.ts'
import { parseRunQuery } from '../http/operators/run-filter-schema.ts'
import { FAILURES, withQuery } from './addresses.ts'

/** What the list of runs is asked for, as it stands in the address: such a link can be shared. */
export type FailuresQuery = {
  /** A status, or `any`. */
  status: string
  acknowledged: string
  extension: string
  cause: string
  since: string
  until: string
  q: string
  /** `cause`: grouped. */
  group: string
}

/** The worklist: what has failed, and nobody has seen to. */
const DEFAULTS: FailuresQuery = {
  status: 'failed',
  acknowledged: 'false',
  extension: '',
  cause: '',
  since: '',
  until: '',
  q: '',
  group: '',
}
const NAMES = ['status', 'acknowledged', 'extension', 'cause', 'since', 'until', 'q', 'group'] as const

export function readFailuresQuery(given: { get(name: string): string | null | undefined }): FailuresQuery {
  const query = { ...DEFAULTS }
  for (const name of NAMES) query[name] = given.get(name) || DEFAULTS[name]
  return { ...query, q: query.q.trim(), since: isoTime(query.since), until: isoTime(query.until) }
}

/** Throws `invalid_input`. */
export function filterOf(query: FailuresQuery): RunFilter {
  const { group: _, ...fields } = query
  const asked = Object.entries(fields).filter(([, value]) => value !== 'any')
  return parseRunQuery(Object.fromEntries(asked))
}

/** The address of the list with some of it changed; what is as by default is left out. */
export function failuresHref(query: FailuresQuery, changes: Partial<FailuresQuery> = {}): string {
  return withQuery(FAILURES, Object.fromEntries(fieldsOf({ ...query, ...changes })))
}

export function nextHref(query: FailuresQuery, cursor: string): string {
  return withQuery(FAILURES, { ...Object.fromEntries(fieldsOf(query)), cursor })
}

/** What differs from the default: for hidden fields and addresses. */
export function fieldsOf(query: FailuresQuery): [name: keyof FailuresQuery, value: string][] {
  return NAMES.filter((name) => query[name] !== DEFAULTS[name]).map((name) => [name, query[name]])
}

export const WORKLIST = DEFAULTS

/** A time as the list shows it becomes one as the routes accept it; anything else stays, and is reported as invalid. */
function isoTime(text: string): string {
  const at = parseTime(text.trim())
  return at === undefined ? text : new Date(at).toISOString().replace('.000Z', 'Z')
}
