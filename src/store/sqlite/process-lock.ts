import { chmodSync, existsSync, realpathSync } from 'node:fs'
import Database from 'better-sqlite3'
import { makePrivate } from './connection.ts'
import { DatabaseStartError } from './start-error.ts'

/** Another process has the database. */
export class StoreLockedError extends DatabaseStartError {
  constructor(path: string, cause: unknown) {
    super(`The database ${path} is in use by another process. Stop that process first.`, { cause })
  }
}

/**
 * Takes `PATH-lock` for the life of this process and returns what gives it back. It is an open transaction on a database
 * of its own, so the kernel ends it with the process, kill -9 included, and no stale lock is ever left behind.
 */
export function takeProcessLock(path: string): () => void {
  // Under whatever link it is known, the same file has the same lock.
  const realPath = existsSync(path) ? realpathSync(path) : path
  const lockPath = `${realPath}-lock`
  // Whoever can read the file can hold the lock, and keep the service from starting.
  makePrivate(lockPath)
  const lock = new Database(lockPath, { timeout: 0 })
  try {
    chmodSync(lockPath, 0o600)
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))
      throw new StoreLockedError(path, error)
    throw error
  }
  return () => {
    lock.close()
  }
}
