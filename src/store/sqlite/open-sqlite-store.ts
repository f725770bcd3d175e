import { closeSync, mkdirSync, openSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { TrackerError } from '../../domain/errors.ts'
import type { StoreHandle } from '../store.ts'
import { type Connection, logPathOf, openConnection } from './connection.ts'
import { migrateConnection } from './migrations.ts'
import { takeProcessLock } from './process-lock.ts'
import { createSqliteStore } from './sqlite-store.ts'
import { DatabaseStartError } from './start-error.ts'
import { countFrames } from './write-ahead-log.ts'

export type SqliteStoreOptions = {
  path: string
  /** How many steps may wait for a commit; more are refused as `overloaded`. */
  maxQueued?: number
  /** How many bytes of deliveries may wait; more are refused likewise. */
  maxQueuedBytes?: number
  /** Whether deliveries have come in this turn of the event loop that are about to be recorded: a commit waits for them. */
  hasPending?: () => boolean
  /** How long it waits at most, in milliseconds. */
  mostWaitMs?: number
  onOpen?: (opened: OpenedDatabase) => void
}

/** What the start found in the write-ahead log, and what it did to the schema. */
type OpenedDatabase = {
  /** Committed frames that SQLite read back from the log. */
  recoveredFrames: number
  /** Frames for which the log file has room. More than were recovered: the rest is from before the last checkpoint, or damaged. */
  framesInLog: number
  migrations: number
}

const MAX_QUEUED = 10_000

/**
 * Opens the database, makes it where there is none, and brings its schema up to date.
 * Throws `DatabaseStartError` for one that must not be opened, as while another process has it, and `store_unavailable` where
 * the file cannot be used.
 */
export function openSqliteStore({
  path,
  maxQueued = MAX_QUEUED,
  onOpen,
  ...queueing
}: SqliteStoreOptions): StoreHandle {
  return openMigrated(path, (connection, unlock, opened) => {
    onOpen?.(opened)
    const store = createSqliteStore(connection, { ...queueing, maxQueued })
    return {
      ...store,
      async close() {
        await store.close()
        unlock()
      },
    }
  })
}

/** There is a file with something in it at `path`, whether or not it can be opened. */
export function hasDatabase(path: string): boolean {
  try {
    const found = statSync(path)
    return found.isFile() && found.size > 0
  } catch {
    return false
  }
}

/**
 * Brings the schema up to date and returns how many migrations ran. Throws as `openSqliteStore` does, with the reason in the
 * message, and `DatabaseStartError` for a file that is not a database, too.
 */
export function migrateSqlite(path: string): number {
  try {
    return openMigrated(path, (connection, unlock, { migrations }) => {
      connection.close()
      unlock()
      return migrations
    })
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error
    const { cause } = error
    const message = `${error.message}: ${reasonOf(cause)}`
    const isDatabase = !(cause instanceof Database.SqliteError && cause.code === 'SQLITE_NOTADB')
    throw isDatabase
      ? new TrackerError('store_unavailable', message, { cause })
      : new DatabaseStartError(message, { cause })
  }
}

function openMigrated<T>(
  path: string,
  use: (connection: Connection, unlock: () => void, opened: OpenedDatabase) => T,
): T {
  let unlock: (() => void) | undefined
  let connection: Connection | undefined
  try {
    checkDatabasePath(path)
    refuseHardLinks(path)
    unlock = takeProcessLock(path)
    const logBytes = sizeOf(logPathOf(path))
    connection = openConnection(path)
    const { frames: recoveredFrames, framesInLog } = countFrames(connection, logBytes)
    const migrations = migrateConnection(connection)
    return use(connection, unlock, { recoveredFrames, framesInLog, migrations })
  } catch (error) {
    connection?.close()
    unlock?.()
    if (error instanceof DatabaseStartError) throw error
    // Where there is no database, none will appear while we wait.
    throw hasDatabase(path) ? cannotOpen(path, error) : unusable(path, reasonOf(error))
  }
}

/** Some files in /proc look like files of a disk, but nothing can be made beside them: https://man7.org/linux/man-pages/man2/statfs.2.html */
const PROC_TYPE = 0x9fa0

/** Makes an empty file where there is none. Throws `DatabaseStartError` where no database can ever be. */
export function checkDatabasePath(path: string): void {
  let isDatabase: boolean
  let isInProc: boolean
  try {
    makeFolder(dirname(path))
    isInProc = statfsSync(dirname(path)).type === PROC_TYPE
    const found = statSync(path, { throwIfNoEntry: false })
    isDatabase = found?.isFile() ?? makeFile(path)
  } catch (error) {
    throw unusable(path, reasonOf(error))
  }
  if (isInProc) throw unusable(path, 'it is in /proc')
  // Beside a folder or a device no lock should be made either.
  if (!isDatabase) throw unusable(path, 'it is not a file')
}

function makeFile(path: string): boolean {
  closeSync(openSync(path, 'a', 0o600))
  return true
}

/** Not `recursive: true`: below /proc that never returns. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  makeFolder(dirname(path))
  mkdirSync(path)
}

function unusable(path: string, reason: string): DatabaseStartError {
  return new DatabaseStartError(`DATABASE_URL: no database can be opened or made at ${path}: ${reason}`)
}

/** Under each of its names the file would have a lock and a log of its own. */
function refuseHardLinks(path: string): void {
  const links = statSync(path, { throwIfNoEntry: false })
  if (links?.isFile() && links.nlink > 1)
    throw new DatabaseStartError(
      `The database ${path} has ${links.nlink} hard links. Remove the other names, or replace them with copies, and start again.`,
    )
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** Without the reason: the log appends the message of the cause. */
function cannotOpen(path: string, cause: unknown): TrackerError {
  return new TrackerError('store_unavailable', `DATABASE_URL: the database ${path} cannot be opened`, {
    cause,
  })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
