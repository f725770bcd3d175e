import { closeSync, existsSync, openSync, realpathSync } from 'node:fs'
import Database from 'better-sqlite3'

export type Connection = Database.Database

const BUSY_TIMEOUT_MS = 250

const PRAGMAS = [
  // Readers and the one writer do not block each other, and a commit is one sequential write and one sync.
  'journal_mode = WAL',
  // Syncs the log at every commit: what was acknowledged survives the loss of power, not only of the process.
  'synchronous = FULL',
  // On macOS a plain fsync stops at the drive's cache. Without effect elsewhere.
  'fullfsync = ON',
  'foreign_keys = ON',
  // Only a foreign tool can hold the file, and waiting stops the whole process: better a 503, which is sent again.
  `busy_timeout = ${BUSY_TIMEOUT_MS}`,
  // SQLite's default. A longer log makes the rare checkpoint, and so the slowest answers, several times slower.
  'wal_autocheckpoint = 1000',
  // 32 MiB. The default holds not even the upper pages of the indexes of a million runs.
  'cache_size = -32768',
  // What is deleted is overwritten, or a forgotten asset would stay readable in pages that are free or half empty.
  'secure_delete = ON',
  // Statement journals and large sorts stay in memory: a temporary folder may be full or slow.
  'temp_store = MEMORY',
]

/** Makes the file with mode 600 unless it exists. */
export function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch {
    // It is there already, or can't be made: then SQLite says why.
  }
}

/** SQLite keeps the log beside the file itself, and so do we the lock, under whatever link that was opened. */
export function pathBeside(path: string, suffix: '-wal' | '-lock'): string {
  return (existsSync(path) ? realpathSync(path) : path) + suffix
}

/** https://www.sqlite.org/fileformat2.html#walformat */
const LOG_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

/**
 * The frames that SQLite counts in the write-ahead log, and those for which a log of `logBytes` has room. The first use of a
 * connection opens the log, which recovers it. Fails inside a transaction.
 */
export function countFrames(connection: Connection, logBytes: number) {
  // Copies nothing.
  const [{ log = 0 } = {}] = connection.pragma('wal_checkpoint(NOOP)') as { log?: number }[]
  const pageBytes = Number(connection.pragma('page_size', { simple: true }))
  const room = Math.floor((logBytes - LOG_HEADER_BYTES) / (pageBytes + FRAME_HEADER_BYTES))
  return { frames: Math.max(log, 0), framesInLog: Math.max(room, 0) }
}

/** An impatient connection doesn't wait for another one that holds the file. */
export function setPatience(connection: Connection, patience: 'patient' | 'impatient'): void {
  connection.pragma(`busy_timeout = ${patience === 'patient' ? BUSY_TIMEOUT_MS : 0}`)
}

export function openConnection(path: string): Connection {
  // SQLite would let everybody read it; its log and index take the mode of the file.
  makePrivate(path)
  const connection = new Database(path)
  try {
    for (const pragma of PRAGMAS) connection.pragma(pragma)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}
