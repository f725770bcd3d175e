import { randomInt } from 'node:crypto'
import { storeUnavailable } from '../../domain/errors.ts'
import { createStore, type Database } from '../create-store.ts'
import { createDatabaseRows } from '../sql/database-rows.ts'
import type { StoreHandle, StoreLifecycle } from '../store.ts'
import { type Awaitable, runSync } from '../transaction-work.ts'
import type { WriteQueueOptions } from '../write-queue.ts'
import { backUp } from './backup.ts'
import type { Connection } from './connection.ts'
import { storeError } from './connection.ts'
import { createDatabaseGuard } from './database-guard.ts'
import { createLoadRows } from './load-rows.ts'
import { createRowIds } from './row-ids.ts'
import { createStatements } from './statements.ts'
import { createTransactions, readTogether } from './transactions.ts'
import { createWriteRows } from './write-rows.ts'

/**
 * The store over a migrated connection, which it closes. Reads see only committed data. `processId` is random by default.
 * `ownerId` is only for tests that open several stores over one file, each with its own `processId`, as if they were processes:
 * the store whose `processId` equals `ownerId` stays the owner.
 */
export function createSqliteStore(
  connection: Connection,
  {
    processId = randomInt(1, 2 ** 47),
    ownerId = processId,
    ...queueOptions
  }: WriteQueueOptions & { processId?: number; ownerId?: number },
): StoreHandle {
  if (ownerId === processId) takeOver(connection, processId)
  const { findFault, backUp, ...database } = createDatabase(connection, { processId, ownerId })
  return { ...createStore(database, queueOptions), ...UNSHARED, findFault, backUp }
}

/** Only the process that owns the file may use it. */
const UNSHARED: Pick<StoreLifecycle, 'isShared' | 'readServerTime' | 'watchOtherCommits' | 'findFeedFault'> =
  {
    isShared: false,
    readServerTime: async () => Date.now(),
    watchOtherCommits: () => {},
    findFeedFault: async () => undefined,
  }

function createDatabase(
  connection: Connection,
  { processId, ownerId }: { processId: number; ownerId: number },
): Database & Pick<StoreLifecycle, 'findFault' | 'backUp'> {
  const ids = createRowIds(connection)
  const guard = createDatabaseGuard(connection, { processId: ownerId, onForeignCommit: ids.readAgain })
  const loadRows = createLoadRows(connection, processId)
  const writeRows = createWriteRows(connection, processId)
  const transactions = createTransactions({ connection, loadRows, writeRows, ids, guard })
  const rows = createDatabaseRows(createStatements(connection), processId)
  const readAssets = readTogether(connection, (fileId) => runSync(rows.findAsset(fileId)))
  const attempt = async <T>(work: () => Awaitable<T>): Promise<T> => {
    if (!connection.open) throw storeUnavailable(new Error('The store is closed.'))
    try {
      return await work()
    } catch (error) {
      throw storeError(error)
    }
  }
  return {
    transact: transactions.transact,
    inTransaction: (work) => transactions.write(() => runSync(work(rows))),
    read: (work) => attempt(() => runSync(work(rows))),
    readAssets: (fileIds) => attempt(() => readAssets(fileIds)),
    maxReads: 1,
    // Outside the queue: a flood of rejected deliveries must not fill it, nor fail with its steps.
    async keepRejected(rejected) {
      const { result, fault } = await transactions.write(() => runSync(rows.rejected.keep(ids, rejected)))
      if (fault !== undefined) throw fault
      return result
    },
    findFault: async () => guard.findFault(),
    backUp: (path) => attempt(() => backUp(connection, path)),
    // Deleted data would stay in the log until it is overwritten.
    emptyLog: () =>
      attempt(() => {
        // A checkpoint copies the log into the file, which would restore the old size of a truncated file.
        guard.check()
        connection.pragma('wal_checkpoint(TRUNCATE)')
      }),
    async close() {
      connection.close()
    },
  }
}

/** Makes this process the owner of the file; all other processes have ended. */
function takeOver(connection: Connection, processId: number): void {
  connection
    .transaction(() => {
      connection.prepare(`INSERT OR REPLACE INTO metadata (name, value) VALUES ('owner', ?)`).run(processId)
      connection.prepare('DELETE FROM processes WHERE id <> ?').run(processId)
      connection.prepare('UPDATE leases SET ends_at = 0 WHERE holder <> ?').run(processId)
    })
    .immediate()
}
