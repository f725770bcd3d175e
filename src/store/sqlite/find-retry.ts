import { type RetryItemState, type RetryProgress, resultOf } from '../../domain/retry.ts'
import type { RunStatus } from '../../domain/run.ts'
import type { Statements } from './statements.ts'

export function findRetry(statements: Statements, retryId: string): RetryProgress | undefined {
  if (statements.findRetry.get({ retryId }) === undefined) return undefined
  const items = new Map<number, { state: RetryItemState; statuses: RunStatus[] }>()
  for (const { itemId, state, status } of statements.listItemStatuses.all({ retryId })) {
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
    if (state !== 'accepted') failed += 1
  }
  return { retryId, total: items.size, done, failed, state: done < items.size ? 'running' : 'done', results }
}
