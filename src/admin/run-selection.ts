import type { RunFilter } from '../domain/run-filter.ts'
import { type FailuresQuery, fieldsOf, filterOf, readFailuresQuery } from './failures-query.ts'

/** The runs that an operator selected: individual ones, or all that match a filter. */
export type RunSelection =
  | { kind: 'some'; runIds: string[]; query: FailuresQuery }
  | { kind: 'all'; filter: RunFilter; query: FailuresQuery }

/** The maximum number of runs that are selected individually or retried at once. */
export const MAX_SELECTED = 1000

/** The maximum number of runs that one confirmation acknowledges, because it is one request. */
export const MAX_ACKNOWLEDGED = 10_000

/** The form field with the number of runs that the preview showed. */
export const SHOWN_TOTAL = 'shownTotal'

/** Undefined if nothing was selected. Throws `invalid_input`. */
export function readSelection(form: URLSearchParams): RunSelection | undefined {
  const query = readFailuresQuery(form)
  if (form.get('scope') === 'all') return { kind: 'all', filter: filterOf(query), query }
  const runIds = [...new Set(form.getAll('runId'))].slice(0, MAX_SELECTED)
  return runIds.length === 0 ? undefined : { kind: 'some', runIds, query }
}

/** The selection as hidden fields of the confirmation form. */
export function selectionFields(selection: RunSelection): (readonly [string, string])[] {
  const fields = fieldsOf(selection.query)
  if (selection.kind === 'all') return [['scope', 'all'], ...fields]
  return [...fields, ...selection.runIds.map((runId) => ['runId', runId] as const)]
}
