import type { Run, RunStatus } from './run.ts'
import { groupOf, type RunGroup } from './run-group.ts'
import type { SubmissionKind } from './submission.ts'

/** Which runs an operator wants to see; what is null is not asked for. Times are milliseconds since the epoch. */
export type RunFilter = {
  status: RunStatus | null
  extension: string | null
  cause: string | null
  acknowledged: boolean | null
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
  acknowledged: null,
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

/** Whether one run is asked for. `group` is the one in which the store has it, if it bounds the causes. */
export function wantsRun(
  filter: RunFilter,
  { run, fileId, fileName }: ListedRun,
  group = groupOf(run),
): boolean {
  const { since, until, q } = filter
  if (!wantsGroup(filter, group)) return false
  if (since !== null && run.requestedAt < since) return false
  if (until !== null && run.requestedAt >= until) return false
  return q === null || [fileId, run.runId, run.submissionId].includes(q) || beginsWith(fileName, q)
}

/** Of letters only A to Z count as the same in both cases, as in the index that finds them. */
function beginsWith(name: string | null, prefix: string): boolean {
  return name !== null && foldCase(name).startsWith(foldCase(prefix))
}

function foldCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
