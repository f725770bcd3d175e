import { TrackerError } from '../../domain/errors.ts'
import type { RetryItemState } from '../../domain/retry.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'
import type { Store } from '../../store/store.ts'
import { type ResubmitRunDeps, resubmitRun } from './retry-run.ts'

export type ProcessRetriesDeps = ResubmitRunDeps & {
  store: Pick<Store, 'nextRetryItem' | 'endRetryItem'>
}

/**
 * Submits the run of the next waiting item: one of the runs that operators retry together. Each item is recorded as in progress before
 * its run is sent, so no run is sent twice. After a crash, or if it is unknown whether that record was committed, the item ends as
 * `unconfirmed`. A rate-limited item keeps its place in the queue. `isIdle`: no item was waiting. `retryAfterMs`: how long ImageKit
 * accepts no further requests.
 */
export async function processNextRetry(
  deps: ProcessRetriesDeps,
): Promise<{ isIdle: boolean; retryAfterMs: number | null }> {
  const item = await deps.store.nextRetryItem()
  if (item === undefined) return { isIdle: true, retryAfterMs: null }
  const { itemId, runId, actor } = item
  try {
    const submitted = await resubmitRun(deps, { runId, actor, origin: { itemId } })
    if (submitted === null) return { isIdle: false, retryAfterMs: null }
    const { response, retryAfterMs } = submitted
    const [state, reason] = retryAfterMs === null ? resultOf(response) : (['waiting', null] as const)
    // The request was sent: its result must be recorded, even if the store is unavailable right now.
    await deps.writeRetries.apply(() => deps.store.endRetryItem(itemId, state, reason))
    return { isIdle: false, retryAfterMs }
  } catch (error) {
    // The item may be recorded as in progress, and no other process ends it while this one runs.
    if (error instanceof TrackerError && error.mayBeCommitted)
      await deps.writeRetries.apply(() => deps.store.endRetryItem(itemId, 'unconfirmed', COMMIT_UNKNOWN))
    // A final error ends the item. After any other, an item that is still waiting is tried again later.
    if (!(error instanceof TrackerError) || !FINAL_ERRORS.includes(error.code)) throw error
    await deps.store.endRetryItem(itemId, 'failed', error.message)
    return { isIdle: false, retryAfterMs: null }
  }
}

const COMMIT_UNKNOWN = 'The connection to the database broke while the retry was recorded.'

function resultOf(response: UploadResponse): readonly [state: RetryItemState, reason: string | null] {
  switch (response.kind) {
    case 'accepted':
      return ['accepted', null]
    case 'rejected':
      return ['failed', response.error.message]
    case 'unconfirmed':
      return ['unconfirmed', response.error.message]
  }
}

/** Errors that mean that the run can't be retried, so its item is not tried again. */
const FINAL_ERRORS: readonly TrackerError['code'][] = [
  'not_found',
  'run_pending',
  'run_not_current',
  'asset_gone',
  'unprocessable',
]
