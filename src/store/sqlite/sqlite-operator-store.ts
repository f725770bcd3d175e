import type { OperatorStore } from '../operator-store.ts'
import { acknowledgeRuns, listActs, recordAct } from './act-steps.ts'
import { listAssetSubmissions } from './asset-submissions.ts'
import { backUp } from './back-up.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Connection } from './connection.ts'
import type { DatabaseGuard } from './database-guard.ts'
import { findOldestPending } from './find-oldest-pending.ts'
import { forgetAsset, isForgotten } from './forget-asset.ts'
import { findDelivery, listDeliveries } from './list-deliveries.ts'
import { listRuns } from './list-runs.ts'
import { createRetry, endRetryItem, findRetry, submitRetry, withdrawRetry } from './retry-steps.ts'
import { findRunHistory } from './run-history.ts'
import type { Writer } from './stored-submission.ts'
import { sumTallies } from './sum-tallies.ts'

const DAY_MS = 86_400_000

/** What operators read and do, over the connection, the queue and the statements of the one store. */
export function createOperatorStore(deps: {
  connection: Connection
  guard: DatabaseGuard
  writer: Writer
  commit: CommitQueue['commit']
  attempt: <T>(work: () => T | Promise<T>) => Promise<T>
}): OperatorStore {
  const { connection, guard, writer, commit, attempt } = deps
  const { statements } = writer
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
    endSession: (session, now) =>
      commit(() => {
        statements.deleteOverSessions.run({ before: now - DAY_MS })
        statements.insertEndedSession.run(session)
      }),
    listEndedSessions: () => attempt(() => statements.listEndedSessions.all()),
    acknowledgeRuns: (runIds, act) => commit(() => acknowledgeRuns(writer, runIds, act)),
    async forgetAsset(fileId, act) {
      const isKnown = await attempt(() => forgetAsset(writer, commit, fileId, act))
      // Or it would stand in the log until that is written over. Asked for again where it failed, too.
      await attempt(() => {
        if (!isForgotten(statements, fileId)) return
        // It copies the log into the file, which would give a truncated file its old size again.
        guard.check()
        connection.pragma('wal_checkpoint(TRUNCATE)')
      })
      return isKnown
    },
    createRetry: (retryId, runIds, act) => commit(() => createRetry(statements, retryId, runIds, act)),
    submitRetry: (runId, submission, origin) => commit(() => submitRetry(writer, runId, submission, origin)),
    withdrawRetry: (runId, at) => commit(() => withdrawRetry(writer, runId, at)),
    nextRetryItem: () => attempt(() => statements.findWaitingItem.get()),
    endRetryItem: (itemId, state, reason) => commit(() => endRetryItem(statements, itemId, state, reason)),
    findRetry: (retryId) => attempt(() => findRetry(statements, retryId)),
    listNotTaken: (retryId, limit) => attempt(() => statements.listNotTaken.all({ retryId, limit })),
    recordAct: (act) => commit(() => recordAct(statements, act)),
    listActs: (page) => attempt(() => listActs(statements, page)),
    backUp: (path) => attempt(() => backUp(connection, path)),
  }
}
