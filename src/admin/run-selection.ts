import type { RunFilter } from '../domain/run-filter.ts'
import { type FailuresQuery, fieldsOf, filterOf, readFailuresQuery } from './failures-query.ts'

/** The runs that an operator means: those that were ticked, or all that a list has. */
export type RunSelection =
  | { kind: 'some'; runIds: string[]; query: FailuresQuery }
  | { kind: 'all'; filter: RunFilter; query: FailuresQuery }

/** What one preview holds at most. */
export const MAX_SELECTED = 1000

/** How many one confirmation takes off the list at most: it is one request. */
export const MAX_ACKNOWLEDGED = 10_000

/** The field of a confirmation that holds how many runs its page showed. */
export const SHOWN_TOTAL = 'shownTotal'

/** Undefined where nothing was ticked. Throws `invalid_input`. */
export function readSelection(form: URLSearchParams): RunSelection | undefined {
  const query = readFailuresQuery(form)
  if (form.get('scope') === 'all') return { kind: 'all', filter: filterOf(query), query }
  const runIds = [...new Set(form.getAll('runId'))].slice(0, MAX_SELECTED)
  return runIds.length === 0 ? undefined : { kind: 'some', runIds, query }
}

/** The same as fields of the form that confirms it. */
export function selectionFields(selection: RunSelection): (readonly [string, string])[] {
  const fields = fieldsOf(selection.query)
  if (selection.kind === 'all') return [['scope', 'all'], ...fields]
  return [...fields, ...selection.runIds.map((runId) => ['runId', runId] as const)]
}
