import type { Run, RunStatus } from './run.ts'
import type { RunGroup } from './run-group.ts'
import type { SubmissionKind } from './submission.ts'

/** Selects runs; null means any. Times are milliseconds since the epoch. */
export type RunFilter = {
  status: RunStatus | null
  extension: string | null
  cause: string | null
  /** The run failed for a cause that is not among these causes of its extension. */
  exceptCauses: readonly (readonly [extension: string, cause: string])[] | null
  acknowledged: boolean | null
  /** A webhook has reported the opposite of the final status. */
  contradicted: true | null
  /** Requested at this time or later. */
  since: number | null
  /** Requested before this time. */
  until: number | null
  /** The exact id of a file, a run or a submission, or a prefix of a file name, in which ASCII letters match in either case. */
  q: string | null
}

export const EVERY_RUN: RunFilter = {
  status: null,
  extension: null,
  cause: null,
  exceptCauses: null,
  acknowledged: null,
  contradicted: null,
  since: null,
  until: null,
  q: null,
}

/** A run in a list. */
export type ListedRun = {
  run: Run
  fileId: string | null
  fileName: string | null
  kind: SubmissionKind
}

/**
 * Whether all conditions of the filter are about properties of groups, so that it matches each group as a whole or not at all.
 * `exceptCauses` is about such a property, but `matchesGroup` need not check it: only the store sets it, to list the runs whose
 * cause is shown as `OTHER_CAUSE`.
 */
export function selectsWholeGroups({
  status: _status,
  extension: _extension,
  cause: _cause,
  acknowledged: _acknowledged,
  exceptCauses: _exceptCauses,
  ...others
}: RunFilter): boolean {
  return Object.values(others).every((value) => value === null)
}

/** Whether a group has the properties that the filter requires. Conditions on single runs, such as times, are not checked. */
export function matchesGroup(filter: RunFilter, group: RunGroup): boolean {
  return (
    (filter.status === null || filter.status === group.status) &&
    (filter.extension === null || filter.extension === group.extension) &&
    (filter.cause === null || filter.cause === group.cause) &&
    (filter.acknowledged === null || filter.acknowledged === group.acknowledged)
  )
}
