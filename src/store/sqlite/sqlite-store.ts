import { randomInt } from 'node:crypto'
import type { NewRejectedDelivery } from '../../domain/delivery.ts'
import { createStore, type Database } from '../create-store.ts'
import { gatherReads } from '../gathered-reads.ts'
import type { StoreHandle, StoreLifecycle } from '../store.ts'
import { unavailable } from '../store-errors.ts'
import { type Awaitable, doAtOnce } from '../transaction-work.ts'
import type { WriteQueueOptions } from '../write-queue.ts'
import { createAssetReads, readTogether } from './asset-reads.ts'
import type { Connection } from './connection.ts'
import { backUp } from './copies.ts'
import { createDatabaseGuard } from './database-guard.ts'
import { createForgettingRows } from './forget-asset.ts'
import { createJobReads } from './job-reads.ts'
import { createDeliveryReads } from './list-deliveries.ts'
import { createSqliteRunList } from './list-runs.ts'
import { createRowReads } from './load-rows.ts'
import { createHistoryRows, createOperatorReads } from './operator-reads.ts'
import { createRejectedDeliveries } from './rejected-deliveries.ts'
import { createRowIds } from './row-ids.ts'
import { createStats } from './stats.ts'
import { storeError } from './store-error.ts'
import { createTransactions } from './transactions.ts'
import { createUpkeepRows } from './upkeep.ts'
import { createWriteRows } from './write-rows.ts'

/**
 * The store over a migrated connection, which it closes. Reads see what is committed. `processId` is drawn at random unless this
 * process has another store over the same file. `ownerId` is for tests of several processes: then the file stays that process's.
 */
export function createSqliteStore(
  connection: Connection,
  {
    processId = randomInt(1, 2 ** 47),
    ownerId = processId,
    ...queueing
  }: WriteQueueOptions & { processId?: number; ownerId?: number },
): StoreHandle {
  if (ownerId === processId) takeOver(connection, processId)
  const { findFault, backUp, ...database } = createDatabase(connection, { processId, ownerId })
  return { ...createStore(database, queueing), findFault, backUp }
}

function createDatabase(
  connection: Connection,
  { processId, ownerId }: { processId: number; ownerId: number },
): Database & Pick<StoreLifecycle, 'findFault' | 'backUp'> {
  const ids = createRowIds(connection)
  const guard = createDatabaseGuard(connection, { processId: ownerId, onForeignCommit: ids.readAgain })
  const { load, findLease } = createRowReads(connection, processId)
  const writeRows = createWriteRows(connection, processId)
  const transactions = createTransactions({ connection, load, writeRows, ids, guard })
  const assets = createAssetReads(connection)
  const gathered = gatherReads(readTogether(connection, (fileId) => assets.findAsset(fileId)))
  const rejected = createRejectedDeliveries(connection, ids)
  const deliveries = createDeliveryReads(connection, rejected)
  const keepRejected = connection.transaction((given: readonly NewRejectedDelivery[]) => {
    guard.checkOwner()
    return rejected.keep(given)
  })
  const stats = createStats(connection)
  const attempt = async <T>(work: () => Awaitable<T>): Promise<T> => {
    if (!connection.open) throw unavailable(new Error('The store is closed.'))
    try {
      return await work()
    } catch (error) {
      throw storeError(error)
    }
  }
  return {
    transact: transactions.transact,
    inTransaction: (work) => transactions.write(() => doAtOnce(work())),
    read: (work) => attempt(() => doAtOnce(work())),
    reads: {
      ...attempted(attempt, {
        ...assets,
        ...createJobReads(connection),
        ...createOperatorReads(connection),
        listRuns: createSqliteRunList(connection),
        listDeliveries: deliveries.list,
        findDelivery: (deliveryId: string) => deliveries.find(deliveryId),
        findAsset: gathered.find,
        readStats: (from: number, until: number) => stats.read(from, until),
        countRejected: rejected.count,
        findRejected: (deliveryId: string) => rejected.find(deliveryId),
        // Not through the queue: the rejected are many, and must take no delivery's place in it, nor fail with it.
        keepRejected(given: readonly NewRejectedDelivery[]) {
          guard.check()
          return keepRejected.immediate(given)
        },
      }),
    },
    findFault: async () => guard.findFault(),
    backUp: (path) => attempt(() => backUp(connection, path)),
    rows: {
      ...createUpkeepRows(connection),
      ...createForgettingRows(connection),
      ...createHistoryRows(connection),
      ...stats,
      ...assets,
      listDeliveriesOf: deliveries.listOfRun,
      findLease,
    },
    // What was deleted would stand in the log until that is written over.
    emptyLog: () =>
      attempt(() => {
        // It copies the log into the file, which would give a truncated file its old size again.
        guard.check()
        connection.pragma('wal_checkpoint(TRUNCATE)')
      }),
    async close() {
      await gathered.drain()
      connection.close()
    },
  }
}

/** From now on the file is this process's, and all others have ended. */
function takeOver(connection: Connection, processId: number): void {
  connection
    .transaction(() => {
      connection.prepare(`INSERT OR REPLACE INTO positions (name, n) VALUES ('owner', ?)`).run(processId)
      connection.prepare('DELETE FROM processes WHERE id <> ?').run(processId)
      connection.prepare('UPDATE leases SET ends_at = 0 WHERE holder <> ?').run(processId)
    })
    .immediate()
}

type Reads = { [name: string]: (...given: never[]) => unknown }

/** The same functions, each of which rejects with `store_unavailable` when the disk or the file fails. */
function attempted<R extends Reads>(
  attempt: <T>(work: () => Awaitable<T>) => Promise<T>,
  reads: R,
): { [name in keyof R]: (...given: Parameters<R[name]>) => Promise<Awaited<ReturnType<R[name]>>> } {
  const entries = Object.entries(reads).map(([name, read]) => [
    name,
    (...given: never[]) => attempt(() => read(...given)),
  ])
  // Each function is the one of its name.
  return Object.fromEntries(entries)
}
