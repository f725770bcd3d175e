import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { DatabaseStartError, errorMessage, TrackerError } from '../../domain/errors.ts'
import type { CopySource } from '../copy-database.ts'
import { runMigrations } from '../migrations.ts'
import type { StoreHandle } from '../store.ts'
import { runSync } from '../transaction-work.ts'
import type { WriteQueueOptions } from '../write-queue.ts'
import { type Connection, countFrames, openConnection, pathBeside } from './connection.ts'
import { createCopySource } from './copy-source.ts'
import {
  checkDatabasePath,
  hasDatabase,
  rejectHardLinks,
  takeProcessLock,
  unusable,
} from './database-file.ts'
import { createSqliteStore } from './sqlite-store.ts'
import { createStatements } from './statements.ts'

export type SqliteStoreOptions = WriteQueueOptions & {
  path: string
  onOpen?: (opened: OpenedDatabase) => void
}

/** The state of the write-ahead log at the start, and the number of migrations that were run. */
type OpenedDatabase = {
  /** Committed frames that SQLite recovered from the log. */
  recoveredFrames: number
  /**
   * Frames that fit into the log file. Those beyond the recovered ones were written before the last checkpoint, were not
   * committed, or are damaged.
   */
  framesInLog: number
  migrations: number
}

/**
 * Opens the database, creates it if missing, and migrates its schema. Throws `DatabaseStartError` if it can't be created or must not
 * be opened, for example while another process has it, and `store_unavailable` if an existing file can't be used.
 */
export function openSqliteStore({ path, onOpen, ...queueOptions }: SqliteStoreOptions): StoreHandle {
  return openMigrated(path, (connection, unlock, opened) => {
    onOpen?.(opened)
    const store = createSqliteStore(connection, queueOptions)
    return {
      ...store,
      async close() {
        await store.close()
        unlock()
      },
    }
  })
}

/**
 * Migrates the schema and returns the number of migrations that were run. Throws as `openSqliteStore` does, with the reason in the
 * message, and also throws `DatabaseStartError` for a file that is not a database.
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
    const message = `${error.message}: ${errorMessage(cause)}`
    if (cause instanceof Database.SqliteError && cause.code === 'SQLITE_NOTADB')
      throw new DatabaseStartError(message, { cause })
    throw new TrackerError('store_unavailable', message, { cause })
  }
}

/** Opens a database that no other process has open, to copy its rows. Throws as `openSqliteStore` does. */
export function openCopySource(path: string): CopySource & { close: () => void } {
  return openMigrated(path, (connection, unlock) => ({
    ...createCopySource(connection),
    close() {
      connection.close()
      unlock()
    },
  }))
}

/** Opens and migrates a database, and passes it to `use`, which must close the connection and release the lock in the end. */
function openMigrated<T>(
  path: string,
  use: (connection: Connection, unlock: () => void, opened: OpenedDatabase) => T,
): T {
  let unlock: (() => void) | undefined
  let connection: Connection | undefined
  try {
    checkDatabasePath(path)
    rejectHardLinks(path)
    unlock = takeProcessLock(path)
    const logBytes = statSync(pathBeside(path, '-wal'), { throwIfNoEntry: false })?.size ?? 0
    connection = openConnection(path)
    const { frames: recoveredFrames, framesInLog } = countFrames(connection, logBytes)
    const migrations = migrateConnection(connection)
    return use(connection, unlock, { recoveredFrames, framesInLog, migrations })
  } catch (cause) {
    connection?.close()
    unlock?.()
    if (cause instanceof DatabaseStartError) throw cause
    // If there is no database, none will appear later.
    if (!hasDatabase(path)) throw unusable(path, errorMessage(cause))
    // Without the reason, because the log appends the message of the cause.
    const message = `DATABASE_URL: the database ${path} cannot be opened`
    throw new TrackerError('store_unavailable', message, { cause })
  }
}

/** Migrates the schema in one transaction, and returns the number of migrations that were run. Throws as `runMigrations` does. */
export function migrateConnection(connection: Connection): number {
  // A migration that rebuilds a table drops the old one. If other tables had foreign keys to it, this could delete their rows.
  connection.pragma('foreign_keys = OFF')
  const migrate = () =>
    runMigrations({
      ...createStatements(connection),
      dialect: 'sqlite',
      name: `The database ${connection.name}`,
      execute: (sql) => connection.exec(sql),
    })
  try {
    return connection.transaction(() => runSync(migrate())).immediate()
  } finally {
    connection.pragma('foreign_keys = ON')
  }
}
