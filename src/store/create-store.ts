import type { Commit } from '../domain/commit.ts'
import { recordAccountDelivery } from '../domain/decide/account-event.ts'
import { acknowledgeRuns } from '../domain/decide/acknowledgement.ts'
import { recordDelivery } from '../domain/decide/delivery.ts'
import {
  claimNotification,
  releaseNotification,
  settleNotification,
} from '../domain/decide/due-notification.ts'
import { applyFinding, claimRuns, releaseRuns } from '../domain/decide/due-run.ts'
import { claimIdempotencyKey, releaseIdempotencyKey } from '../domain/decide/idempotency.ts'
import { acquireLease, holdsLease, releaseLease, UPKEEP_LEASE, underLease } from '../domain/decide/lease.ts'
import { recoverAbandoned } from '../domain/decide/recovery.ts'
import { respond } from '../domain/decide/response.ts'
import { createRetry, endRetryItem, submitRetry, withdrawRetry } from '../domain/decide/retry.ts'
import type { OtherChanges, Step } from '../domain/decide/step.ts'
import { createSubmission } from '../domain/decide/submission.ts'
import type { LeaseRow } from '../domain/decide/tables.ts'
import { boundCauses, OTHER_CAUSE } from '../domain/failure-cause.ts'
import type { Lease } from '../domain/lease.ts'
import { deleteOldSubmissions, type RetentionRows } from './delete-old-submissions.ts'
import { findRunHistory, type HistoryRows } from './find-run-history.ts'
import { type CounterRows, foldCounters } from './fold-counters.ts'
import { createForgetting, type ForgettingRows } from './forget-asset.ts'
import { findOldestPending, type PendingRows } from './oldest-pending.ts'
import { type PruningRows, pruneBodies } from './prune-bodies.ts'
import type { Store, StoreLifecycle } from './store.ts'
import { type SweepRows, sweepOverdue } from './sweep-overdue.ts'
import { type Awaitable, type RunExclusive, type RunReads, type Work, waitFor } from './transaction-work.ts'
import {
  type BatchDatabase,
  type Committed,
  createWriteQueue,
  type WriteQueueOptions,
} from './write-queue.ts'

/** What is decided in steps, so that every database does it alike. */
type Decided =
  | 'createSubmission'
  | 'applyResponse'
  | 'recordDelivery'
  | 'recordAccountDelivery'
  | 'claimDue'
  | 'releaseRuns'
  | 'applyFinding'
  | 'claimNotification'
  | 'releaseNotification'
  | 'settleNotification'
  | 'saveClockTrust'
  | 'claimIdempotencyKey'
  | 'releaseIdempotencyKey'
  | 'heartbeat'
  | 'acquireLease'
  | 'releaseLease'
  | 'recoverAbandoned'
  | 'probe'
  | 'endSession'
  | 'acknowledgeRuns'
  | 'createRetry'
  | 'submitRetry'
  | 'withdrawRetry'
  | 'endRetryItem'
  | 'recordAuditEntry'
  | 'saveAlerts'
  | 'recordAlertReported'

/** The same, unless the lease is no longer held when the transaction begins: then does nothing, and resolves with null. */
type RunUnderLease = <T>(work: (fileIds: Set<string>) => Work<T>) => Promise<T | null>

/** What every database does for itself: its batches, its reads, and what upkeep reads and writes. */
export type Database = BatchDatabase & {
  inTransaction: <T>(work: () => Work<T>) => Promise<Committed<T>>
  read: RunReads
  reads: Omit<Store, Decided | Upkeep | 'findRunHistory' | 'findOldestPending' | 'watchCommits'>
  rows: SweepRows &
    PruningRows &
    RetentionRows &
    CounterRows &
    ForgettingRows &
    HistoryRows &
    PendingRows & { findLease: (name: string) => Awaitable<LeaseRow | undefined> }
  /** Leaves nothing of deleted rows in a write-ahead log. */
  emptyLog: () => Promise<void>
  close: () => Promise<void>
}

/** What is done to many rows, in bounded steps. */
type Upkeep = 'pruneBodies' | 'deleteOldSubmissions' | 'sweepOverdue' | 'foldCounters' | 'forgetAsset'

const DAY_MS = 86_400_000

/** The store over a database: one queue of steps, each decided by the rules in `domain/decide`. */
export function createStore(
  database: Database,
  queueing: WriteQueueOptions,
): Store & Pick<StoreLifecycle, 'close'> {
  const { rows } = database
  const watchers: ((commit: Commit) => void)[] = []
  const queue = createWriteQueue(database, {
    ...queueing,
    onCommit(commit) {
      for (const tell of watchers) tell(commit)
    },
  })
  const writing = <T>(result: T, other: OtherChanges): Step<T> => ({
    keys: [],
    decide: () => ({ result, changes: { other } }),
  })
  const write = (other: OtherChanges) => queue.run<void>(writing(undefined, other))
  const writeUnder = (lease: Lease, other: OtherChanges) =>
    queue.run(underLease(lease, writing<true>(true, other)))
  const runExclusive: RunExclusive = (work) => {
    const fileIds = new Set<string>()
    return queue.exclusive(() => database.inTransaction(() => work(fileIds)), fileIds)
  }
  const runUnderLease =
    (lease: Lease): RunUnderLease =>
    (work) =>
      runExclusive(function* (fileIds) {
        const held = yield* waitFor(rows.findLease(UPKEEP_LEASE))
        return holdsLease(held, lease) ? yield* work(fileIds) : null
      })
  return {
    ...database.reads,
    createSubmission: (...given) => queue.run(createSubmission(...given)),
    applyResponse: (submissionId, response, at, key) =>
      queue.run(respond({ submissionId, response, at, key })),
    recordDelivery: (delivery) => queue.run(recordDelivery(delivery)),
    recordAccountDelivery: (delivery) => queue.run(recordAccountDelivery(delivery)),
    async claimDue(now, { limit, until, latest }) {
      for (;;) {
        const due = await database.reads.listDue(now, limit, latest)
        if (due.length === 0) return []
        const read = due.map(({ run, dueAt }) => ({ runId: run.runId, dueAt }))
        const claimed = new Set(await queue.run(claimRuns(read, until)))
        // Others have claimed all of these since they were read. There may be more behind them.
        if (claimed.size > 0) return due.filter(({ run }) => claimed.has(run.runId))
      }
    },
    releaseRuns: (...given) => queue.run(releaseRuns(...given)),
    applyFinding: (...given) => queue.run(applyFinding(...given)),
    claimNotification: (...given) => queue.run(claimNotification(...given)),
    releaseNotification: (...given) => queue.run(releaseNotification(...given)),
    settleNotification: (...given) => queue.run(settleNotification(...given)),
    claimIdempotencyKey: (...given) => queue.run(claimIdempotencyKey(...given)),
    releaseIdempotencyKey: (scope) => queue.run(releaseIdempotencyKey(scope)),
    heartbeat: (heartbeatAt) => write({ heartbeatAt }),
    recoverAbandoned: (...given) => queue.run(recoverAbandoned(...given)),
    acknowledgeRuns: (...given) => queue.run(acknowledgeRuns(...given)),
    createRetry: (...given) => queue.run(createRetry(...given)),
    submitRetry: (...given) => queue.run(submitRetry(...given)),
    withdrawRetry: (...given) => queue.run(withdrawRetry(...given)),
    endRetryItem: (...given) => queue.run(endRetryItem(...given)),
    recordAuditEntry: (act) => write({ acts: [act] }),
    acquireLease: (...given) => queue.run(acquireLease(...given)),
    releaseLease: (lease) => queue.run(releaseLease(lease)),
    saveAlerts: (lease, alerts) => writeUnder(lease, { alerts }),
    recordAlertReported: (lease, reportedAlert) => writeUnder(lease, { reportedAlert }),
    // Until a day has passed the clock may be set back.
    endSession: (session, now) => write({ endedSession: { ...session, forgetBefore: now - DAY_MS } }),
    saveClockTrust: (lease, clockTrust) => writeUnder(lease, { clockTrust }),
    probe: () => write({ probe: true }),
    forgetAsset: createForgetting(database, runExclusive),
    pruneBodies: (lease, ...given) => runUnderLease(lease)(() => pruneBodies(rows, ...given)),
    deleteOldSubmissions: (lease, ...given) =>
      runUnderLease(lease)((fileIds) => deleteOldSubmissions(rows, fileIds, ...given)),
    sweepOverdue: (lease, ...given) => runUnderLease(lease)(() => sweepOverdue(rows, ...given)),
    foldCounters: (lease) => runUnderLease(lease)(() => foldCounters(rows)),
    async listRuns(filter, page) {
      const { cause } = filter
      if (cause !== OTHER_CAUSE) return database.reads.listRuns(filter, page)
      const { groups } = await database.reads.readStats(0, 0)
      const exceptCauses = boundCauses(groups).flatMap((group) =>
        group.cause === OTHER_CAUSE ? [] : [[group.extension, group.cause] as const],
      )
      return database.reads.listRuns({ ...filter, cause: null, exceptCauses }, page)
    },
    findRunHistory: (runId) => database.read(() => findRunHistory(rows, runId)),
    findOldestPending: () => database.read(() => findOldestPending(rows)),
    watchCommits: (tell) => void watchers.push(tell),
    async close() {
      await queue.close()
      await database.close()
    },
  }
}
