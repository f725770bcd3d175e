import type { RunFilter } from '../domain/run-filter.ts'
import { type FailuresQuery, fieldsOf, filterOf, readFailuresQuery } from './failures-query.ts'

/** The runs that an operator selected: individual ones, or all that match a filter. `query`: the filters of the list, to return to it. */
export type RunSelection =
  | { kind: 'some'; runIds: string[]; query: FailuresQuery }
  | { kind: 'all'; filter: RunFilter; query: FailuresQuery }

/** The maximum number of runs that can be selected individually, or retried at once. */
export const MAX_SELECTED = 1000

/** The maximum number of runs that can be acknowledged at once. It is limited because the response is sent after the last one. */
export const MAX_ACKNOWLEDGED = 10_000

/** The form field with the number of runs that the preview showed. */
export const SHOWN_TOTAL = 'shownTotal'

/**
 * Reads the selection from a form; undefined if nothing is selected. Runs beyond `MAX_SELECTED` are dropped. Throws `invalid_input` if all
 * that match are selected and a filter is invalid.
 */
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
