import { TrackerError } from '../../domain/errors.ts'
import type { RetryItemState } from '../../domain/retry.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'
import type { Store } from '../../store/store.ts'
import { askAgain, type RetryRunDeps } from './retry-run.ts'

export type WorkOffDeps = RetryRunDeps & {
  store: Pick<Store, 'nextRetryItem' | 'endRetryItem'>
}

/**
 * Asks for the next run of all retries again. Each is recorded as under way before it is sent, so none is sent twice. After a crash, or
 * if nobody knows whether that record was committed, it is `unconfirmed`. One that ImageKit held back keeps its turn.
 */
export async function workOffOne(deps: WorkOffDeps): Promise<{ isIdle: boolean; holdMs: number | null }> {
  const item = await deps.store.nextRetryItem()
  if (item === undefined) return { isIdle: true, holdMs: null }
  const { itemId, runId, actor } = item
  try {
    const asked = await askAgain(deps, { runId, actor, origin: { itemId } })
    if (asked === null) return { isIdle: false, holdMs: null }
    const { answer, holdMs } = asked
    const [state, reason] = holdMs === null ? endOf(answer) : (['waiting', null] as const)
    // It was sent: what became of it must be written down, also where the store is away just now.
    await deps.backlog.apply(() => deps.store.endRetryItem(itemId, state, reason))
    return { isIdle: false, holdMs }
  } catch (error) {
    // It may be under way by now, and only this process would end it.
    if (error instanceof TrackerError && error.mayBeCommitted)
      await deps.backlog.apply(() => deps.store.endRetryItem(itemId, 'unconfirmed', COMMIT_UNKNOWN))
    // The run may not be asked for again: that is the end of this item. Anything else is tried later.
    if (!(error instanceof TrackerError) || !FINAL.includes(error.code)) throw error
    await deps.store.endRetryItem(itemId, 'failed', error.message)
    return { isIdle: false, holdMs: null }
  }
}

const COMMIT_UNKNOWN = 'The connection to the database broke while the retry was recorded.'

function endOf(answer: UploadResponse): readonly [state: RetryItemState, reason: string | null] {
  switch (answer.kind) {
    case 'accepted':
      return ['accepted', null]
    case 'rejected':
      return ['failed', answer.error.message]
    case 'unconfirmed':
      return ['unconfirmed', answer.error.message]
  }
}

const FINAL: readonly TrackerError['code'][] = [
  'not_found',
  'run_pending',
  'run_not_current',
  'asset_gone',
  'unprocessable',
]
