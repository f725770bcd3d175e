import type { Connection } from './connection.ts'

/** The statements of a transaction with savepoints, prepared once. */
export function prepareTransaction(connection: Connection) {
  return {
    begin: connection.prepare('BEGIN IMMEDIATE'),
    commit: connection.prepare('COMMIT'),
    savepoint: connection.prepare('SAVEPOINT step'),
    release: connection.prepare('RELEASE step'),
    rollBack: connection.prepare('ROLLBACK TO step'),
    rollBackAll: connection.prepare('ROLLBACK'),
  }
}

/** Takes back whatever is open. */
export function abandonTransaction(connection: Connection): void {
  try {
    if (connection.inTransaction) connection.exec('ROLLBACK')
  } catch {
    // SQLite has rolled back by itself; were it not so, the next BEGIN would fail and tell its callers.
  }
}
