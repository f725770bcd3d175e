import type { RunRow } from '../domain/decide/tables.ts'
import { type StatDelta, statDelta } from '../domain/stat-counters.ts'
import type { Changed, Work } from './transaction-work.ts'

/** What was deleted with some submissions. */
type Removed = { submissionIds: string[]; runIds: string[]; deliveryIds: string[] }

/** What a database does for it, inside a transaction. */
export type RemovalRows = {
  /** Both lock what they list until the transaction ends. */
  listRemoved: (submissions: readonly number[]) => Work<{ submissionId: string; fileId: string | null }[]>
  listRunsOf: (submissions: readonly number[]) => Work<RunRow[]>
  /** Deletes submissions with everything that refers to them, and returns the ids of the deliveries among it. */
  deleteSubmissions: (submissions: readonly number[], submissionIds: readonly string[]) => Work<string[]>
  /** Finds current runs anew, for these names of each asset. */
  refreshCurrent: (names: ReadonlyMap<string, ReadonlySet<string>>) => Work<void>
  appendDelta: (delta: StatDelta) => Work<void>
}

/**
 * Deletes submissions with everything that belongs to them. Nothing in a schema does that by itself. Adds them, and the assets
 * that they were of, to `changed`.
 */
export function* removeSubmissions(
  rows: RemovalRows,
  submissions: readonly number[],
  changed: Changed,
): Work<Removed> {
  // In the order of a batch. A run may be added until its submission is locked.
  yield* rows.listRunsOf(submissions)
  const removed = yield* rows.listRemoved(submissions)
  const submissionIds = removed.map(({ submissionId }) => submissionId)
  const runs = yield* rows.listRunsOf(submissions)
  const deliveryIds = yield* rows.deleteSubmissions(submissions, submissionIds)
  const names = new Set(runs.flatMap(({ name, requestedAs }) => [name, requestedAs ?? name]))
  const fileIds = new Set(removed.flatMap(({ fileId }) => fileId ?? []))
  yield* rows.refreshCurrent(new Map([...fileIds].map((fileId) => [fileId, names])))
  for (const fileId of fileIds) changed.fileIds.add(fileId)
  for (const submissionId of submissionIds) changed.submissionIds.add(submissionId)
  const delta = statDelta({ runs: runs.map((before) => ({ before, after: undefined })), deliveries: [] })
  if (delta !== null) yield* rows.appendDelta(delta)
  return { submissionIds, runIds: runs.map(({ runId }) => runId), deliveryIds }
}
