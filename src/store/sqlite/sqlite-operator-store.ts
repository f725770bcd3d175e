import { type RetryItemState, type RetryProgress, resultOf } from '../../domain/retry.ts'
import type { RunStatus } from '../../domain/run.ts'
import type { Database } from '../create-store.ts'
import type { OperatorStore } from '../store.ts'
import { listAssetSubmissions } from './asset-submissions.ts'
import { backUp } from './back-up.ts'
import type { Connection } from './connection.ts'
import { findOldestPending } from './find-oldest-pending.ts'
import { listActs } from './list-acts.ts'
import { findDelivery, listDeliveries } from './list-deliveries.ts'
import { listRuns } from './list-runs.ts'
import { findRunHistory } from './run-history.ts'
import type { Statements } from './statements.ts'
import { sumTallies } from './sum-tallies.ts'

/** What operators read. */
export function createOperatorReads(deps: {
  connection: Connection
  statements: Statements
  attempt: <T>(work: () => T | Promise<T>) => Promise<T>
}): Pick<Database['reads'], keyof OperatorStore & keyof Database['reads']> {
  const { connection, statements, attempt } = deps
  return {
    listRuns: (filter, page) => attempt(() => listRuns(statements, filter, page)),
    findRunHistory: (runId) => attempt(() => findRunHistory(statements, runId)),
    listAssetSubmissions: (fileId, { limit, before }) =>
      attempt(() => {
        const found = listAssetSubmissions(statements, fileId, { limit: limit + 1, before }).toReversed()
        const submissions = found.slice(0, limit)
        const next = found.length > limit ? (submissions.at(-1)?.seq ?? null) : null
        return { submissions: submissions.map(({ submission, runs }) => ({ submission, runs })), next }
      }),
    listDeliveries: (filter, page) => attempt(() => listDeliveries(statements, filter, page)),
    findDelivery: (deliveryId) => attempt(() => findDelivery(statements, deliveryId)),
    listRunGroups: () =>
      attempt(() =>
        statements.listGroups
          .all()
          .filter(({ size }) => size > 0)
          .map(({ extension, status, acknowledged, cause, size }) => {
            return { extension, status, acknowledged, cause, size }
          }),
      ),
    sumTallies: (from, until) => attempt(() => sumTallies(statements, from, until)),
    listSettled: (from, until) => attempt(() => statements.listSettled.all({ from, until })),
    findOldestPending: () => attempt(() => findOldestPending(statements)),
    listEndedSessions: () => attempt(() => statements.listEndedSessions.all()),
    nextRetryItem: () => attempt(() => statements.findWaitingItem.get()),
    findRetry: (retryId) => attempt(() => findRetry(statements, retryId)),
    listNotTaken: (retryId, limit) => attempt(() => statements.listNotTaken.all({ retryId, limit })),
    listActs: (page) => attempt(() => listActs(statements, page)),
    backUp: (path) => attempt(() => backUp(connection, path)),
  }
}

function findRetry(statements: Statements, retryId: string): RetryProgress | undefined {
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
