import { randomUUID } from 'node:crypto'
import type { NewRefusedDelivery } from '../../domain/delivery.ts'
import { createStore, type Database } from '../create-store.ts'
import type { Store } from '../store.ts'
import type { WriteQueueOptions } from '../write-queue.ts'
import type { Connection } from './connection.ts'
import { createDatabaseGuard } from './database-guard.ts'
import { findAsset } from './find-asset.ts'
import { forgetAsset, isForgotten } from './forget-asset.ts'
import { gatherReads } from './gathered-reads.ts'
import { groupOldRuns } from './group-old-runs.ts'
import { listDue } from './list-due.ts'
import { countNotifications, listDueNotifications } from './list-due-notifications.ts'
import { findClockTrust, pruneBodies } from './prune-bodies.ts'
import { findRefused, keepRefused } from './refused-steps.ts'
import { createRowIds } from './row-ids.ts'
import { toRun, toSubmission } from './rows.ts'
import { createAlertReads } from './sqlite-alert-store.ts'
import { createOperatorReads } from './sqlite-operator-store.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { storeError, unavailable } from './store-error.ts'
import { createTallies } from './tallies.ts'
import { createTransactions } from './transactions.ts'

/** The store over a migrated connection, which it closes. Reads see what is committed. */
export function createSqliteStore(connection: Connection, options: WriteQueueOptions): Store {
  return createStore(createDatabase(connection), options)
}

function createDatabase(connection: Connection): Database {
  const statements = prepareStatements(connection)
  const processId = randomUUID()
  connection
    .transaction(() => {
      groupOldRuns(statements)
      statements.deleteEmptyGroups.run()
      statements.takeOver.run({ processId })
    })
    .immediate()
  const rowIds = createRowIds(statements)
  const guard = createDatabaseGuard(connection, statements, {
    processId,
    onForeignCommit: rowIds.readAgain,
  })
  const tallies = createTallies(statements)
  const transactions = createTransactions({ connection, statements, tallies, ids: rowIds, guard })
  const assets = gatherReads(connection, (fileId) => findAsset(statements, fileId))
  const keepApart = connection.transaction((refused: readonly NewRefusedDelivery[]) => {
    guard.checkOwner()
    return keepRefused(statements, rowIds, refused)
  })
  const attempt = async <T>(work: () => T | Promise<T>): Promise<T> => {
    if (!connection.open) throw unavailable(new Error('The store is closed.'))
    try {
      return await work()
    } catch (error) {
      throw storeError(error)
    }
  }
  return {
    transact: transactions.transact,
    inTransaction: transactions.write,
    reads: {
      ...createAlertReads(statements, attempt),
      ...createOperatorReads({ connection, statements, attempt }),
      // Not through the queue: the refused are many, and must take no delivery's place in it, nor fail with it.
      keepRefused: (refused) =>
        attempt(() => {
          guard.check()
          return keepApart.immediate(refused)
        }),
      countRejected: (since) => attempt(() => statements.countRejected.all({ since })),
      findRefused: (deliveryId) => attempt(() => findRefused(statements, deliveryId)),
      listDue: (now, limit, latest) => attempt(() => listDue(statements, now, limit, latest)),
      listDueNotifications: (now, page) => attempt(() => listDueNotifications(statements, now, page)),
      findNotificationBody: (notificationId) =>
        attempt(() => statements.findNotificationBody.get({ notificationId })?.body ?? undefined),
      countNotifications: (now) => attempt(() => countNotifications(statements, now)),
      findClockTrust: () => attempt(() => findClockTrust(statements)),
      findSubmission: (submissionId) => attempt(() => findSubmission(statements, submissionId)),
      findAsset: (fileId) => attempt(() => assets.find(fileId)),
      findNewestClaimAt: () => attempt(() => statements.findNewestClaim.get()?.claimedAt ?? null),
      findFault: async () => guard.findFault(),
    },
    pruneBodies: (inTurn, receivedBefore, limit, after) =>
      inTurn(() => pruneBodies(statements, receivedBefore, limit, after)),
    async forgetAsset(inTurn, fileId, act) {
      const isKnown = await attempt(() => forgetAsset({ statements, tallies }, inTurn, fileId, act))
      // Or it would stand in the log until that is written over. Asked for again where it failed, too.
      await attempt(() => {
        if (!isForgotten(statements, fileId)) return
        // It copies the log into the file, which would give a truncated file its old size again.
        guard.check()
        connection.pragma('wal_checkpoint(TRUNCATE)')
      })
      return isKnown
    },
    async close() {
      assets.drain()
      connection.close()
    },
  }
}

function findSubmission(statements: Statements, submissionId: string) {
  const row = statements.findSubmission.get({ submissionId })
  if (row === undefined) return undefined
  const runs = statements.listRuns.all({ submissionSeq: row.seq }).map((run) => toRun(run, submissionId))
  return { submission: toSubmission(row), runs }
}
