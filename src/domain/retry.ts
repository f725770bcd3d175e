import { overallStatus } from './asset.ts'
import type { Run, RunStatus } from './run.ts'
import { SAVED_EXTENSION } from './saved-extension.ts'
import { isRejected, type RequestedExtension, type Submission } from './submission.ts'

/**
 * `waiting`: its turn has not come. `submitting`: its submission is written down, and it may be on its way. `accepted`,
 * `failed`: what ImageKit said, or why it was not asked. `unconfirmed`: nobody knows, so it is never sent again.
 */
export type RetryItemState = 'waiting' | 'submitting' | 'accepted' | 'failed' | 'unconfirmed'

export type RetryProgress = {
  retryId: string
  total: number
  /** How many are over, whatever became of them. */
  done: number
  /** How many of those were not clearly accepted. */
  failed: number
  state: 'running' | 'done'
  results: RetryResults
}

/**
 * What became of the runs that are done; the numbers add up to `done`. `pending` and the final statuses are those of the new
 * runs. `rejected` were not accepted. Of `unconfirmed` nobody knows, as long as their new run is pending.
 */
type RetryResults = { [result in RunStatus | 'rejected' | 'unconfirmed']: number }

/** An item that has not ended. */
export function isOpen(state: RetryItemState): boolean {
  return state === 'waiting' || state === 'submitting'
}

/** The ends of items that were not clearly accepted. */
export const UNSUBMITTED = ['failed', 'unconfirmed'] as const satisfies RetryItemState[]

/** What became of one run of a retry, by its state and the status of its new runs; null while it is not done. */
function resultOf(state: RetryItemState, statuses: readonly RunStatus[]): keyof RetryResults | null {
  if (isOpen(state)) return null
  if (state === 'failed') return 'rejected'
  const status = overallStatus(statuses.map((one) => ({ status: one })))
  if (status === 'none' || status === 'pending') return state === 'accepted' ? 'pending' : 'unconfirmed'
  return status
}

/** `rows` has each item with the status of each of its new runs, and once with null if it has none. */
export function progressOf(
  retryId: string,
  rows: Iterable<{ itemId: number; state: RetryItemState; status: RunStatus | null }>,
): RetryProgress {
  const items = new Map<number, { state: RetryItemState; statuses: RunStatus[] }>()
  for (const { itemId, state, status } of rows) {
    const item = items.get(itemId) ?? { state, statuses: [] }
    items.set(itemId, item)
    if (status !== null) item.statuses.push(status)
  }
  const results = { pending: 0, success: 0, failed: 0, expired: 0, rejected: 0, unconfirmed: 0 }
  let done = 0
  let failed = 0
  for (const { state, statuses } of items.values()) {
    const result = resultOf(state, statuses)
    if (result === null) continue
    results[result] += 1
    done += 1
    if (UNSUBMITTED.some((end) => end === state)) failed += 1
  }
  return { retryId, total: items.size, done, failed, state: done < items.size ? 'running' : 'done', results }
}

/** A run of a retry that was not clearly accepted, and why. */
export type UnsubmittedItem = { runId: string; name: string; state: RetryItemState; reason: string | null }

/** Why a run is not asked for again. */
export type RetryRejection = 'pending' | 'not_current' | 'asset_gone' | 'no_file' | 'options_unknown'

/**
 * The submission that retries a run, with its runs in the order of their extensions; or why the run is not retried. `not_waiting`:
 * the item of the retry has been submitted by another process, or has ended.
 */
export type SubmittedRetry =
  | { submissionId: string; runIds: string[] }
  | { refusal: RetryRejection | 'not_waiting' }

/** Whether a run may be asked for again, and with which options: those of its first request. */
export function decideRetry(facts: {
  run: Run
  submission: Submission
  currentRunId: string | null
}):
  | { kind: 'allowed'; fileId: string; extension: RequestedExtension }
  | { kind: 'rejected'; by: RetryRejection } {
  const { run, submission, currentRunId } = facts
  const { fileId } = submission
  if (isRejected(submission) || fileId === null) return { kind: 'rejected', by: 'no_file' }
  if (run.status === 'pending') return { kind: 'rejected', by: 'pending' }
  if (currentRunId !== null) return { kind: 'rejected', by: 'not_current' }
  if (run.evidence?.kind === 'asset_gone') return { kind: 'rejected', by: 'asset_gone' }
  const extension = requestedAs(run, submission.extensions)
  return extension ? { kind: 'allowed', fileId, extension } : { kind: 'rejected', by: 'options_unknown' }
}

/** ImageKit does not tell which of several saved extensions a run comes from. */
function requestedAs(run: Run, extensions: readonly RequestedExtension[]): RequestedExtension | undefined {
  const name = run.requestedAs ?? run.name
  const asked = extensions.filter((extension) => extension.name === name)
  if (asked.length === 0) return name === SAVED_EXTENSION ? undefined : { name }
  return name === SAVED_EXTENSION && asked.length > 1 ? undefined : asked[0]
}
