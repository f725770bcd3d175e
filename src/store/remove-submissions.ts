import type { RunRow } from '../domain/decide/rows.ts'
import { type StatDelta, statDelta } from '../domain/stat-counters.ts'
import type { Changed, Work } from './transaction-work.ts'

/** The ids of the deleted rows. */
type RemovedIds = { submissionIds: string[]; runIds: string[]; deliveryIds: string[] }

/** The database operations, inside a transaction. `submissions` are row numbers. */
export type RemovalRows = {
  /** Like `listRunsOf`, locks what it lists until the transaction ends. */
  listSubmissionIds: (
    submissions: readonly number[],
  ) => Work<{ submissionId: string; fileId: string | null }[]>
  listRunsOf: (submissions: readonly number[]) => Work<RunRow[]>
  /** Deletes submissions with their runs, deliveries and other rows, and returns the ids of the deleted deliveries. */
  deleteSubmissions: (submissions: readonly number[], submissionIds: readonly string[]) => Work<string[]>
  /** Recomputes current runs. `names` has, by file id, the names of the extensions. */
  refreshCurrent: (names: ReadonlyMap<string, ReadonlySet<string>>) => Work<void>
  appendDelta: (delta: StatDelta) => Work<void>
}

/**
 * Deletes submissions with everything that belongs to them; the schema has no cascading deletes. Adds the submissions and their
 * assets to `changed`.
 */
export function* removeSubmissions(
  rows: RemovalRows,
  submissions: readonly number[],
  changed: Changed,
): Work<RemovedIds> {
  // Locks runs before submissions, as a batch does, and lists the runs again: some may be added until their submission is locked.
  yield* rows.listRunsOf(submissions)
  const removed = yield* rows.listSubmissionIds(submissions)
  const submissionIds = removed.map(({ submissionId }) => submissionId)
  const runs = yield* rows.listRunsOf(submissions)
  const deliveryIds = yield* rows.deleteSubmissions(submissions, submissionIds)
  const names = new Set(runs.flatMap(({ name, requestedAs }) => [name, requestedAs ?? name]))
  const fileIds = new Set(removed.flatMap(({ fileId }) => fileId ?? []))
  // Every asset gets the names of all these runs: recomputing a name that is not affected changes nothing.
  yield* rows.refreshCurrent(new Map([...fileIds].map((fileId) => [fileId, names])))
  for (const fileId of fileIds) changed.fileIds.add(fileId)
  for (const submissionId of submissionIds) changed.submissionIds.add(submissionId)
  const delta = statDelta({ runs: runs.map((before) => ({ before, after: undefined })), deliveries: [] })
  if (delta !== null) yield* rows.appendDelta(delta)
  return { submissionIds, runIds: runs.map(({ runId }) => runId), deliveryIds }
}
