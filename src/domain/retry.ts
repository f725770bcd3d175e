import { overallStatus } from './asset.ts'
import type { Run, RunStatus } from './run.ts'
import { SAVED_EXTENSION } from './saved-extension.ts'
import { isRejected, type RequestedExtension, type Submission } from './submission.ts'

/**
 * The state of an item: one of the runs that an operator retries together. `waiting`: not started, or to be sent again after
 * ImageKit's rate limit. `submitting`: its submission is recorded and may have been sent. `accepted`: ImageKit accepted the
 * submission. `failed`: ImageKit rejected it, or got no complete request. `unconfirmed`: it is unknown whether ImageKit accepted it,
 * or whether the submission was recorded, so it is never sent again.
 */
export type RetryItemState = 'waiting' | 'submitting' | 'accepted' | 'failed' | 'unconfirmed'

/** The progress of a retry of many runs. */
export type RetryProgress = {
  retryId: string
  total: number
  /** The number of ended items, whatever their result. */
  done: number
  /** The number of ended items that were not clearly accepted. */
  failed: number
  state: 'running' | 'done'
  results: RetryResults
}

/**
 * The results of the ended items; the numbers add up to `done`. `pending`, `success`, `failed` and `expired` are statuses of the
 * new runs. `rejected`: the item failed, so it has no new run that counts. `unconfirmed`: not clearly accepted, and the new run is
 * still pending or may not have been recorded.
 */
type RetryResults = { [result in RunStatus | 'rejected' | 'unconfirmed']: number }

/** Whether the item has not ended yet. */
export function isOpen(state: RetryItemState): boolean {
  return state === 'waiting' || state === 'submitting'
}

/** The end states of items that were not clearly accepted. */
export const UNACCEPTED = ['failed', 'unconfirmed'] as const satisfies RetryItemState[]

/** The result of an item, from its state and the statuses of its new runs; null until it has ended. */
function resultOf(state: RetryItemState, statuses: readonly RunStatus[]): keyof RetryResults | null {
  if (isOpen(state)) return null
  if (state === 'failed') return 'rejected'
  const status = overallStatus(statuses.map((one) => ({ status: one })))
  if (status === 'none' || status === 'pending') return state === 'accepted' ? 'pending' : 'unconfirmed'
  return status
}

/** `rows` has one entry per item and new run, with that run's status; an item without runs has one entry with null. */
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
    if (UNACCEPTED.some((end) => end === state)) failed += 1
  }
  return { retryId, total: items.size, done, failed, state: done < items.size ? 'running' : 'done', results }
}

/** An item that was not clearly accepted: the run to retry, its extension, and the reason. */
export type UnacceptedItem = { runId: string; name: string; state: RetryItemState; reason: string | null }

/** Why a run can't be retried. `no_file`: its submission was rejected, or is not bound to a file. */
export type RetryRejection = 'pending' | 'not_current' | 'asset_gone' | 'no_file' | 'options_unknown'

/**
 * The submission that retries a run, with its runs in the order of its extensions; or why the run was not retried. `not_waiting`:
 * the run is an item of a retry of many runs, and another process has submitted that item, or it has ended.
 */
export type SubmitRetryResult =
  | { submissionId: string; runIds: string[] }
  | { rejection: RetryRejection | 'not_waiting' }

/** Whether a run may be retried, and as which extension: with the options of its own request. */
export function decideRetry(facts: {
  run: Run
  submission: Submission
  /** The current run of the asset and extension; null if `run` is the current one, or if there is none. */
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
  const extension = findRequested(run, submission.extensions)
  return extension ? { kind: 'allowed', fileId, extension } : { kind: 'rejected', by: 'options_unknown' }
}

/**
 * The requested extension that a run comes from. For a run that ImageKit reported without a request, it is the run's name without
 * options. Undefined if it is unknown: ImageKit does not report which of several saved extensions it ran.
 */
function findRequested(run: Run, extensions: readonly RequestedExtension[]): RequestedExtension | undefined {
  const name = run.requestedAs ?? run.name
  const requested = extensions.filter((extension) => extension.name === name)
  if (requested.length === 0) return name === SAVED_EXTENSION ? undefined : { name }
  return name === SAVED_EXTENSION && requested.length > 1 ? undefined : requested[0]
}

/**
 * ImageKit's price of one run, in extension units. The prices of other extensions are unknown.
 * Source: the READMEs of ImageKit's own clients, 2024.
 */
const UNITS: { [extension: string]: number } = {
  'aws-auto-tagging': 1,
  'google-auto-tagging': 2,
  'remove-bg': 130,
}

/** The total price of runs of these extensions. `unpriced`: how many of them have no known price. */
export function unitsOf(extensions: readonly string[]): { units: number; unpriced: number } {
  const prices = extensions.map((name) => (Object.hasOwn(UNITS, name) ? (UNITS[name] ?? null) : null))
  const units = prices.reduce<number>((sum, price) => sum + (price ?? 0), 0)
  return { units, unpriced: prices.filter((price) => price === null).length }
}
