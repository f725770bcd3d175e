import type { AssetFacts } from '../domain/asset.ts'
import type { Commit } from '../domain/commit.ts'
import { recordAccountDelivery } from '../domain/decide/account-event.ts'
import { acknowledgeRuns, unacknowledgeRun } from '../domain/decide/acknowledgement.ts'
import { recordAssetGone } from '../domain/decide/asset-gone.ts'
import { recordDelivery } from '../domain/decide/delivery.ts'
import {
  claimNotification,
  recordNotificationResult,
  releaseNotification,
  resendNotifications,
} from '../domain/decide/due-notification.ts'
import { applyFinding, claimRuns, extendClaim, releaseRuns } from '../domain/decide/due-run.ts'
import { claimIdempotencyKey, releaseIdempotencyKey } from '../domain/decide/idempotency.ts'
import {
  acquireLease,
  holdsLease,
  type Lease,
  MAINTENANCE_LEASE,
  releaseLease,
  underLease,
} from '../domain/decide/lease.ts'
import { recoverAbandoned } from '../domain/decide/recovery.ts'
import { respond } from '../domain/decide/response.ts'
import { createRetry, endRetryItem, submitRetry, withdrawRetry } from '../domain/decide/retry.ts'
import { beginSignIn, forgiveSignIn } from '../domain/decide/sign-in.ts'
import { type OtherChanges, type Step, withoutChanges } from '../domain/decide/step.ts'
import { createSubmission } from '../domain/decide/submission.ts'
import type { NewRejectedDelivery } from '../domain/delivery.ts'
import { OTHER_CAUSE, replaceRareCauses } from '../domain/failure-cause.ts'
import { batchReads, type Read } from './batch-reads.ts'
import { findRunHistory } from './find-run-history.ts'
import { foldCounters } from './fold-counters.ts'
import { createForgetAsset } from './forget-asset.ts'
import { createDeliveryList, createNotificationList, createRunList } from './list-branches.ts'
import { findOldestPending, sweepOverdue } from './overdue-sweep.ts'
import { deleteExpiredKeys, deleteOldSubmissions, pruneBodies } from './retention.ts'
import type { DatabaseRows } from './sql/database-rows.ts'
import type { Store, StoreLifecycle } from './store.ts'
import type { Changed, RunReads, RunSeparately, Work } from './transaction-work.ts'
import {
  type BatchDatabase,
  type Committed,
  createWriteQueue,
  type WriteQueueOptions,
} from './write-queue.ts'

/** Runs work that requires a lease. If the lease is lost when the transaction begins, changes nothing and resolves with null. */
type RunUnderLease = <T>(work: (rows: DatabaseRows, changed: Changed) => Work<T>) => Promise<T | null>

/** What each database implements itself: its transactions and its reads. */
export type Database = BatchDatabase & {
  inTransaction: <T>(work: (rows: DatabaseRows) => Work<T>) => Promise<Committed<T>>
  read: RunReads<DatabaseRows>
  /** Reads these assets. Resolves with a result or an error for each of them, in order. Rejects if the whole read fails. */
  readAssets: (fileIds: readonly string[]) => Promise<Read<AssetFacts | undefined>[]>
  /** The maximum number of concurrent reads. */
  maxReads: number
  /** Stores rejected deliveries in a transaction of its own, outside the queue. Resolves with their ids. */
  keepRejected: (rejected: readonly NewRejectedDelivery[]) => Promise<string[]>
  /**
   * Drops whole days of bodies received before a time, outside of any transaction. With a database without this method, all old
   * bodies are deleted one by one. If the process loses the lease meanwhile, no harm is done: another process would drop the same
   * bodies. Resolves with the time before which the remaining bodies should be deleted one by one; younger ones stay until their
   * day is dropped.
   */
  dropBodies?: (receivedBefore: number) => Promise<number>
  /** Removes the data of deleted rows from the write-ahead log. Does nothing if the server manages its log itself. */
  emptyLog: () => Promise<void>
  close: () => Promise<void>
}

const DAY_MS = 86_400_000

/**
 * Creates the store on top of a database. All writes except `keepRejected` wait in one queue: steps, most of which the
 * rules in `domain/decide` decide, and maintenance and the forgetting of assets, which have transactions of their own.
 */
export function createStore(
  database: Database,
  queueOptions: WriteQueueOptions,
): Store & Pick<StoreLifecycle, 'close'> {
  const { read } = database
  const readOptions = { maxBatches: database.maxReads }
  const assets = batchReads(database.readAssets, readOptions)
  const submissions = batchReads(async (ids) => {
    const all = await read((rows) => rows.findSubmissions(ids))
    return all.map((found) => ({ found }))
  }, readOptions)
  const watchers: ((commit: Commit) => void)[] = []
  const queue = createWriteQueue(database, {
    ...queueOptions,
    onCommit(commit) {
      for (const notify of watchers) notify(commit)
    },
  })
  const writeStep = <T>(result: T, other: OtherChanges): Step<T> => ({
    keys: [],
    decide: () => ({ result, changes: { other } }),
  })
  const write = (other: OtherChanges) => queue.run<void>(writeStep(undefined, other))
  const writeUnderLease = (lease: Lease, other: OtherChanges) =>
    queue.run(underLease(lease, writeStep<true>(true, other)))
  const runSeparately: RunSeparately<DatabaseRows> = (work) => {
    const changed = noChanges()
    return queue.runSeparately(() => database.inTransaction((rows) => work(rows, changed)), changed)
  }
  const ifLeaseHeld = <T>(lease: Lease, work: (rows: DatabaseRows) => Work<T>) =>
    function* (rows: DatabaseRows): Work<T | null> {
      const current = yield* rows.findLease(MAINTENANCE_LEASE)
      return holdsLease(current, lease) ? yield* work(rows) : null
    }
  const runUnderLease =
    (lease: Lease): RunUnderLease =>
    (work) =>
      runSeparately((rows, changed) => ifLeaseHeld(lease, () => work(rows, changed))(rows))
  const listRuns = createRunList((work) => read((rows) => work(rows.runList)))
  const readStats: Store['readStats'] = (...args) => read((rows) => rows.readStats(...args))
  const listDue: Store['listDue'] = (...args) => read((rows) => rows.listDue(...args))
  return {
    findAsset: assets.find,
    findSubmission: submissions.find,
    listAssetSubmissions: (...args) => read((rows) => rows.listAssetSubmissions(...args)),
    listDue,
    listDueNotifications: (...args) => read((rows) => rows.listDueNotifications(...args)),
    countNotifications: (now) => read((rows) => rows.countNotifications(now)),
    countFailures: (...args) => read((rows) => rows.countFailures(...args)),
    listAlerts: () => read((rows) => rows.listAlerts()),
    findClockTrust: () => read((rows) => rows.findClockTrust()),
    findTokenCheckValue: () => read((rows) => rows.findTokenCheckValue()),
    findNewestKeyClaimAt: () => read((rows) => rows.findNewestKeyClaimAt()),
    listEndedSessions: () => read((rows) => rows.listEndedSessions()),
    nextRetryItem: () => read((rows) => rows.nextRetryItem()),
    findRetry: (retryId) => read((rows) => rows.findRetry(retryId)),
    listUnaccepted: (...args) => read((rows) => rows.listUnaccepted(...args)),
    listAuditEntries: (page) => read((rows) => rows.listAuditEntries(page)),
    listDeliveries: createDeliveryList((work) => read((rows) => work(rows.deliveryList))),
    findDelivery: (id) => read((rows) => rows.findDelivery(id)),
    listNotifications: createNotificationList((work) => read((rows) => work(rows.notificationList))),
    findNotification: (id) => read((rows) => rows.notificationList.find(id)),
    countRejected: (since) => read((rows) => rows.rejected.count(since)),
    findRejected: (id) => read((rows) => rows.rejected.find(id)),
    keepRejected: (rejected) => database.keepRejected(rejected),
    readStats,
    createSubmission: (...args) => queue.run(createSubmission(...args)),
    applyResponse: (submissionId, response, at, key) =>
      queue.run(respond({ submissionId, response, at, key })),
    recordDelivery: (delivery) => queue.run(recordDelivery(delivery)),
    recordAccountDelivery: (delivery) => queue.run(recordAccountDelivery(delivery)),
    previewDelivery: (delivery) => queue.run(withoutChanges(recordDelivery(delivery))),
    previewAccountDelivery: (delivery) => queue.run(withoutChanges(recordAccountDelivery(delivery))),
    async claimDue(now, { limit, until, latest }) {
      for (;;) {
        const due = await listDue(now, limit, latest)
        if (due.length === 0) return []
        const dueTimes = due.map(({ run, dueAt }) => ({ runId: run.runId, dueAt }))
        const claimed = new Set(await queue.run(claimRuns(dueTimes, until)))
        // If none was claimed, the due time of each has changed since it was read. More runs may be due.
        if (claimed.size > 0) return due.filter(({ run }) => claimed.has(run.runId))
      }
    },
    extendClaim: (...args) => queue.run(extendClaim(...args)),
    releaseRuns: (...args) => queue.run(releaseRuns(...args)),
    applyFinding: (...args) => queue.run(applyFinding(...args)),
    recordAssetGone: (...args) => queue.run(recordAssetGone(...args)),
    claimNotification: (...args) => queue.run(claimNotification(...args)),
    releaseNotification: (...args) => queue.run(releaseNotification(...args)),
    recordNotificationResult: (...args) => queue.run(recordNotificationResult(...args)),
    resendNotifications: (...args) => queue.run(resendNotifications(...args)),
    claimIdempotencyKey: (...args) => queue.run(claimIdempotencyKey(...args)),
    releaseIdempotencyKey: (claim) => queue.run(releaseIdempotencyKey(claim)),
    heartbeat: (heartbeatAt) => write({ heartbeatAt }),
    recoverAbandoned: (...args) => queue.run(recoverAbandoned(...args)),
    acknowledgeRuns: (...args) => queue.run(acknowledgeRuns(...args)),
    unacknowledgeRun: (...args) => queue.run(unacknowledgeRun(...args)),
    createRetry: (...args) => queue.run(createRetry(...args)),
    submitRetry: (...args) => queue.run(submitRetry(...args)),
    withdrawRetry: (...args) => queue.run(withdrawRetry(...args)),
    endRetryItem: (...args) => queue.run(endRetryItem(...args)),
    recordAuditEntry: (entry) => write({ auditEntries: [entry] }),
    acquireLease: (...args) => queue.run(acquireLease(...args)),
    releaseLease: (lease) => queue.run(releaseLease(lease)),
    saveAlerts: (lease, alerts) => writeUnderLease(lease, { alerts }),
    recordAlertReported: (lease, reportedAlert) => writeUnderLease(lease, { reportedAlert }),
    // Ended sessions are stored for at least a day after they would have expired, because the clock may be set back by up to a day.
    endSession: (session, now) => write({ endedSession: { ...session, forgetBefore: now - DAY_MS } }),
    beginSignIn: (...args) => queue.run(beginSignIn(...args)),
    forgiveSignIn: (...args) => queue.run(forgiveSignIn(...args)),
    saveClockTrust: (lease, clockTrust) => writeUnderLease(lease, { clockTrust }),
    saveTokenCheckValue: (tokenCheckValue) => write({ tokenCheckValue }),
    probe: () => write({ probe: true }),
    forgetAsset: createForgetAsset(database, runSeparately),
    pruneBodies: (lease, receivedBefore, ...args) =>
      queue.runSeparately(async () => {
        const { dropBodies } = database
        const mayDrop =
          dropBodies && holdsLease(await read((rows) => rows.findLease(MAINTENANCE_LEASE)), lease)
        const before = mayDrop ? await dropBodies(receivedBefore) : receivedBefore
        return database.inTransaction(ifLeaseHeld(lease, (rows) => pruneBodies(rows, before, ...args)))
      }, noChanges()),
    deleteOldSubmissions: (lease, ...args) =>
      runUnderLease(lease)((rows, changed) => deleteOldSubmissions(rows, changed, ...args)),
    deleteExpiredKeys: (lease, now) => runUnderLease(lease)((rows) => deleteExpiredKeys(rows, now)),
    sweepOverdue: (lease, ...args) => runUnderLease(lease)((rows) => sweepOverdue(rows, ...args)),
    foldCounters: (lease) => runUnderLease(lease)((rows) => foldCounters(rows)),
    async listRuns(filter, page) {
      const { cause } = filter
      if (cause !== OTHER_CAUSE) return listRuns(filter, page)
      // `OTHER_CAUSE` stands for all causes except those that the statistics list.
      // Only the groups are needed, which count all runs, so the range of hours is empty.
      const { groups } = await readStats(0, 0)
      const exceptCauses = replaceRareCauses(groups).flatMap((group) =>
        group.cause === OTHER_CAUSE ? [] : [[group.extension, group.cause] as const],
      )
      return listRuns({ ...filter, cause: null, exceptCauses }, page)
    },
    findRunHistory: (runId) => read((rows) => findRunHistory(rows, runId)),
    findOldestPending: () => read((rows) => findOldestPending(rows)),
    watchCommits: (listener) => void watchers.push(listener),
    async close() {
      await queue.close()
      await Promise.all([assets.drain(), submissions.drain()])
      await database.close()
    },
  }
}

function noChanges(): Changed {
  return { fileIds: new Set(), submissionIds: new Set() }
}
