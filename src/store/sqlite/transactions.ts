import type { Key } from '../../domain/decide/step.ts'
import { storeUnavailable, TrackerError } from '../../domain/errors.ts'
import type { NewIds } from '../../domain/ids.ts'
import type { BatchQuery } from '../batch.ts'
import type { Read } from '../batch-reads.ts'
import type { BatchChanges, WorkingSet } from '../working-set.ts'
import type { BatchDatabase, Committed } from '../write-queue.ts'
import { type Connection, isBusy, setWaitsForLocks, storeError } from './connection.ts'
import type { DatabaseGuard } from './database-guard.ts'

export type Transactions = BatchDatabase & {
  /** Does all of `work` in one transaction, synchronously. Rejects as `transact` does. */
  write: <T>(work: () => T) => Promise<Committed<T>>
}

/** Transactions on one connection. Each runs from BEGIN to COMMIT without yielding to the event loop. */
export function createTransactions(deps: {
  connection: Connection
  loadRows: (keys: readonly Key[], into: WorkingSet) => void
  writeRows: (changes: BatchChanges) => void
  ids: NewIds
  guard: DatabaseGuard
}): Transactions {
  const { connection, loadRows, writeRows, ids, guard } = deps
  const begin = connection.prepare('BEGIN IMMEDIATE')
  const commit = connection.prepare('COMMIT')
  let isLocked = false

  /** While the file stays locked, transactions fail at once instead of waiting: each wait blocks the whole process. */
  const noteLocked = (locked: boolean): void => {
    if (locked !== isLocked) setWaitsForLocks(connection, !locked)
    isLocked = locked
  }
  const perform = <T>(batch: Generator<BatchQuery, T, void>): T => {
    for (;;) {
      const next = batch.next()
      if (next.done) return next.value
      const query = next.value
      if (query.kind === 'load') loadRows(query.keys, query.into)
      else writeRows(query.changes)
    }
  }
  const inTransaction = <T>(work: () => T): T => {
    let isWorkDone = false
    try {
      // A transaction too large for the cache writes to the log before its COMMIT, which would restore the old size of a
      // truncated log.
      guard.check()
      begin.run()
      guard.checkOwner()
      noteLocked(false)
      const result = work()
      isWorkDone = true
      // COMMIT extends the log, and may copy it into the file, which would restore the old size of either.
      guard.check()
      commit.run()
      return result
    } catch (error) {
      // The database failed, not the work, if only COMMIT was missing, if BEGIN failed, or if SQLite has rolled back by itself, as it
      // does when the disk is full.
      const isUnavailable = isWorkDone || !connection.inTransaction
      rollBack(connection)
      if (isBusy(error)) noteLocked(true)
      const fault = guard.findFault()
      if (fault !== undefined) throw guard.errorFor(fault)
      throw isUnavailable && !(error instanceof TrackerError) ? storeUnavailable(error) : storeError(error)
    }
  }
  /** Call it after a commit: only then is it certain whether the commit reached the file that the next start will read. */
  const findFault = () => {
    const fault = guard.findFault()
    return fault && guard.errorFor(fault)
  }
  return {
    transact: async (makeBatch) => ({
      result: inTransaction(() => perform(makeBatch(ids))),
      fault: findFault(),
    }),
    write: async (work) => ({ result: inTransaction(work), fault: findFault() }),
  }
}

/** Reads in one transaction. A failing read does not fail the others, unless it fails because the file is locked. */
export function readTogether<T>(
  connection: Connection,
  read: (key: string) => T,
): (keys: readonly string[]) => Read<T>[] {
  return connection.transaction((keys: readonly string[]) =>
    keys.map((key) => {
      try {
        return { found: read(key) }
      } catch (error) {
        // Otherwise each further read would wait for the lock, and block the whole process.
        if (isBusy(error)) throw error
        return { error: storeError(error) }
      }
    }),
  )
}

function rollBack(connection: Connection): void {
  try {
    if (connection.inTransaction) connection.exec('ROLLBACK')
  } catch {
    // SQLite has already rolled back. If it had not, the next BEGIN would fail with an error.
  }
}
