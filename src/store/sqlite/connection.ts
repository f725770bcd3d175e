import { closeSync, existsSync, openSync, realpathSync } from 'node:fs'
import Database from 'better-sqlite3'
import { storeUnavailable } from '../../domain/errors.ts'

export type Connection = Database.Database

const BUSY_TIMEOUT_MS = 250

const PRAGMAS = [
  // Readers and the one writer do not block each other, and a commit is one sequential write and one sync.
  'journal_mode = WAL',
  // Syncs the log at every commit: acknowledged data survives a power loss, not only a crash of the process.
  'synchronous = FULL',
  // On macOS a plain fsync stops at the drive's cache. No effect elsewhere.
  'fullfsync = ON',
  'foreign_keys = ON',
  // Unless our lock is bypassed, only another tool can lock the file. Waiting for it blocks the whole process, so after a short
  // time a 503, which senders retry, is better.
  `busy_timeout = ${BUSY_TIMEOUT_MS}`,
  // SQLite's default. A longer log makes the rare checkpoint, and thus the slowest responses, several times slower.
  'wal_autocheckpoint = 1000',
  // 32 MiB. The default is too small even for the upper index pages of a million runs.
  'cache_size = -32768',
  // Overwrites deleted data. Otherwise a forgotten asset would stay readable in free pages.
  'secure_delete = ON',
  // Statement journals and large sorts stay in memory: a temporary folder may be full or slow.
  'temp_store = MEMORY',
]

/** Creates the file with mode 600. Leaves a file that exists as it is. */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch {
    // It exists, or can't be created: then SQLite reports the reason.
  }
}

/**
 * The path of the write-ahead log or of the lock file of a database. SQLite puts the log beside the file itself, not beside a
 * symbolic link to the file. We do the same with the lock.
 */
export function pathBeside(path: string, suffix: '-wal' | '-lock'): string {
  return (existsSync(path) ? realpathSync(path) : path) + suffix
}

/** https://www.sqlite.org/fileformat2.html#walformat */
const LOG_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

/**
 * The number of frames that SQLite counts in the write-ahead log, and the number that fits into a log of `logBytes`. After a
 * crash, SQLite counts only the committed frames, which it recovers at the first use of a connection. Fails inside a transaction.
 */
export function countFrames(connection: Connection, logBytes: number) {
  // A NOOP checkpoint copies nothing into the file, and only counts.
  const [{ log = 0 } = {}] = connection.pragma('wal_checkpoint(NOOP)') as { log?: number }[]
  const pageBytes = Number(connection.pragma('page_size', { simple: true }))
  const fitting = Math.floor((logBytes - LOG_HEADER_BYTES) / (pageBytes + FRAME_HEADER_BYTES))
  return { frames: Math.max(log, 0), framesInLog: Math.max(fitting, 0) }
}

/** Makes the connection wait briefly for the lock of another one, or fail at once. */
export function setWaitsForLocks(connection: Connection, waits: boolean): void {
  connection.pragma(`busy_timeout = ${waits ? BUSY_TIMEOUT_MS : 0}`)
}

export function openConnection(path: string): Connection {
  // SQLite would create a world-readable file. The files beside it (`-wal` and `-shm`) get its mode.
  createPrivateFile(path)
  const connection = new Database(path)
  try {
    for (const pragma of PRAGMAS) connection.pragma(pragma)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/**
 * The result codes if the disk, the file, a lock or a lack of memory makes the database unavailable. Extended codes begin with them:
 * https://www.sqlite.org/rescode.html
 */
const UNAVAILABLE = /^SQLITE_(FULL|IOERR|BUSY|LOCKED|READONLY|CORRUPT|NOTADB|CANTOPEN|PERM|NOMEM)/

/** The error to reject with: `store_unavailable` if its code is one of `UNAVAILABLE`, else the error itself. */
export function storeError(error: unknown): unknown {
  return error instanceof Database.SqliteError && UNAVAILABLE.test(error.code)
    ? storeUnavailable(error)
    : error
}

/** Whether the operation failed because another connection has locked the file. */
export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
}
