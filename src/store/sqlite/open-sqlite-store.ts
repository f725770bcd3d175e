import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { v7 } from 'uuid'
import { TrackerError } from '../../domain/errors.ts'
import type { Store } from '../store.ts'
import { type Connection, openConnection } from './connection.ts'
import { migrateConnection } from './migrations.ts'
import { StoreLockedError, takeProcessLock } from './process-lock.ts'
import { createSqliteStore } from './sqlite-store.ts'

export type SqliteStoreOptions = {
  path: string
  /** How many steps may wait for a commit; more are refused as `overloaded`. */
  maxQueued?: number
  /** How many bytes of deliveries may wait; more are refused likewise. */
  maxQueuedBytes?: number
  /** Whether deliveries have come in this turn of the event loop that are about to be recorded: a commit waits for them. */
  isMoreComing?: () => boolean
  /** How long it waits at most, in milliseconds. */
  mostWaitMs?: number
  /** Makes the ids of runs. */
  newId?: () => string
}

const MAX_QUEUED = 10_000

/**
 * Opens the database, makes it where there is none, and brings its schema up to date.
 * Throws `StoreLockedError` while another process has it, and `store_unavailable` where the file cannot be used.
 */
export function openSqliteStore({
  path,
  maxQueued = MAX_QUEUED,
  newId = v7,
  ...queueing
}: SqliteStoreOptions): Store {
  return openMigrated(path, (connection, unlock) => {
    const store = createSqliteStore(connection, { ...queueing, maxQueued, newId })
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

/** Brings the schema up to date and returns how many migrations ran. Throws as `openSqliteStore` does. */
export function migrateSqlite(path: string): number {
  return openMigrated(path, (connection, unlock, ran) => {
    connection.close()
    unlock()
    return ran
  })
}

function openMigrated<T>(
  path: string,
  use: (connection: Connection, unlock: () => void, ran: number) => T,
): T {
  let unlock: (() => void) | undefined
  let connection: Connection | undefined
  try {
    mkdirSync(dirname(path), { recursive: true })
    unlock = takeProcessLock(path)
    connection = openConnection(path)
    return use(connection, unlock, migrateConnection(connection))
  } catch (error) {
    connection?.close()
    unlock?.()
    throw error instanceof StoreLockedError ? error : cannotOpen(path, error)
  }
}

function cannotOpen(path: string, cause: unknown): TrackerError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new TrackerError('store_unavailable', `The database ${path} cannot be opened: ${reason}`, { cause })
}
