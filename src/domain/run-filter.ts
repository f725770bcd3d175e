import type { Run, RunStatus } from './run.ts'
import type { RunGroup } from './run-group.ts'
import type { SubmissionKind } from './submission.ts'

/** Which runs an operator wants to see; what is null is not asked for. Times are milliseconds since the epoch. */
export type RunFilter = {
  status: RunStatus | null
  extension: string | null
  cause: string | null
  /** Failed for another cause than these of its extension. */
  exceptCauses: readonly (readonly [extension: string, cause: string])[] | null
  acknowledged: boolean | null
  /** A webhook has reported the opposite of the final status. */
  contradicted: true | null
  /** Requested at this time or later. */
  since: number | null
  /** Requested before this time. */
  until: number | null
  /** The exact id of a file, a run or a submission, or how a file's name begins, in upper or lower case. */
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

/** A run as it stands in a list. */
export type ListedRun = {
  run: Run
  fileId: string | null
  fileName: string | null
  kind: SubmissionKind
}

/** Whether all runs of a group are asked for, but for times and names. */
export function wantsGroup(filter: RunFilter, group: RunGroup): boolean {
  return (
    (filter.status === null || filter.status === group.status) &&
    (filter.extension === null || filter.extension === group.extension) &&
    (filter.cause === null || filter.cause === group.cause) &&
    (filter.acknowledged === null || filter.acknowledged === group.acknowledged)
  )
}
