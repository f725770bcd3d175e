import { randomUUID } from 'node:crypto'
import type { Commit } from '../../domain/commit.ts'
import type { Store } from '../store.ts'
import { applyFinding } from './apply-finding.ts'
import { type CommitQueueOptions, createCommitQueue } from './commit-queue.ts'
import type { Connection } from './connection.ts'
import { createDatabaseGuard } from './database-guard.ts'
import { findAsset } from './find-asset.ts'
import { gatherReads } from './gathered-reads.ts'
import { groupOldRuns } from './group-old-runs.ts'
import { claimIdempotencyKey, recoverClaims } from './idempotency-steps.ts'
import { createKeptDeliveries } from './kept-deliveries.ts'
import { listDue } from './list-due.ts'
import { countNotifications, listDueNotifications, settleNotification } from './notification-steps.ts'
import { probe } from './probe.ts'
import { findClockTrust, pruneBodies } from './prune-bodies.ts'
import { recordAccountDelivery } from './record-account-delivery.ts'
import { recordDelivery } from './record-delivery.ts'
import { findRefused, keepRefused, replaying } from './refused-steps.ts'
import { createAlertStore } from './sqlite-alert-store.ts'
import { createOperatorStore } from './sqlite-operator-store.ts'
import { prepareStatements } from './statements.ts'
import { storeError, unavailable } from './store-error.ts'
import { loadSubmission } from './stored-submission.ts'
import { answerSubmission, createSubmission, recoverSubmissions } from './submission-steps.ts'
import { createTallies } from './tallies.ts'

/** The store over a migrated connection, which it closes. Writes go through one queue; reads see what is committed. */
export function createSqliteStore(
  connection: Connection,
  { newId, ...queueing }: CommitQueueOptions & { newId: () => string },
): Store {
  const statements = prepareStatements(connection)
  const processId = randomUUID()
  connection
    .transaction(() => {
      groupOldRuns(statements)
      statements.deleteEmptyGroups.run()
      statements.takeOver.run({ processId })
    })
    .immediate()
  const guard = createDatabaseGuard(connection, statements, processId)
  const tallies = createTallies(statements)
  const watchers: ((commit: Commit) => void)[] = []
  const onCommit = (commit: Commit) => {
    for (const tell of watchers) tell(commit)
  }
  const deliveries = createKeptDeliveries(statements)
  const { commit, drain } = createCommitQueue(connection, {
    ...queueing,
    guard,
    counted: tallies,
    left: deliveries,
    onCommit,
  })
  const writer = { statements, tallies, deliveries, newId }
  const assets = gatherReads(connection, (fileId) => findAsset(statements, fileId))
  const keepApart = connection.transaction(keepRefused)
  const attempt = async <T>(work: () => T | Promise<T>): Promise<T> => {
    if (!connection.open) throw unavailable(new Error('The store is closed.'))
    try {
      return await work()
    } catch (error) {
      throw storeError(error)
    }
  }
  return {
    ...createAlertStore({ statements, commit, attempt }),
    ...createOperatorStore({ connection, guard, writer, commit, attempt }),
    createSubmission: (submission, key) =>
      commit(() => {
        createSubmission(writer, submission, key)
      }),
    answerSubmission: (submissionId, answer, at, key) =>
      commit(() => answerSubmission(writer, submissionId, answer, at, key)),
    recordDelivery: (delivery) =>
      commit(() => replaying(statements, delivery, () => recordDelivery(writer, delivery)), {
        bytes: delivery.body.length,
        ignoresLeft: true,
      }),
    recordAccountDelivery: (delivery) =>
      commit(() => replaying(statements, delivery, () => recordAccountDelivery(writer, delivery)), {
        bytes: delivery.body.length,
      }),
    // Not through the queue: the refused are many, and must take no delivery's place in it, nor fail with it.
    keepRefused: (refused) =>
      attempt(() => {
        guard.check()
        keepApart.immediate(statements, refused)
      }),
    countRejected: (since) => attempt(() => statements.countRejected.all({ since })),
    findRefused: (deliveryId) => attempt(() => findRefused(statements, deliveryId)),
    listDue: (now, limit, latest) => attempt(() => listDue(statements, now, limit, latest)),
    applyFinding: (runId, finding, at) => commit(() => applyFinding(writer, runId, finding, at)),
    listDueNotifications: (now, page) => attempt(() => listDueNotifications(statements, now, page)),
    findNotificationBody: (notificationId) =>
      attempt(() => statements.findNotificationBody.get({ notificationId })?.body ?? undefined),
    countNotifications: (now) => attempt(() => countNotifications(statements, now)),
    settleNotification: (notificationId, result) =>
      commit(() => settleNotification(statements, notificationId, result)),
    pruneBodies: (receivedBefore, limit, after) =>
      commit(() => pruneBodies(statements, receivedBefore, limit, after)),
    findClockTrust: () => attempt(() => findClockTrust(statements)),
    saveClockTrust: (trust) =>
      commit(() => {
        statements.saveClockTrust.run(trust)
      }),
    findSubmission: (submissionId) =>
      attempt(() => {
        const stored = loadSubmission(statements, submissionId)
        return stored && { submission: stored.submission, runs: stored.runs }
      }),
    findAsset: (fileId) => attempt(() => assets.find(fileId)),
    claimIdempotencyKey: (scope, at) => commit(() => claimIdempotencyKey(statements, scope, at)),
    findNewestClaimAt: () => attempt(() => statements.findNewestClaim.get()?.claimedAt ?? null),
    releaseIdempotencyKey: (scope) =>
      commit(() => {
        statements.deleteUnanswered.run({ scope })
      }),
    recoverAbandoned: (at) =>
      commit(() => {
        const submissions = recoverSubmissions(writer, at)
        recoverClaims(statements)
        statements.abandonItems.run()
        return { submissions }
      }),
    probe: () => commit(() => probe(statements)),
    findFault: async () => guard.findFault(),
    watchCommits: (tell) => watchers.push(tell),
    async close() {
      drain()
      assets.drain()
      connection.close()
    },
  }
}
