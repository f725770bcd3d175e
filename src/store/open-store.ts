import type { DatabaseAddress } from '../domain/database-address.ts'
import { migratePostgres, openPostgresStore } from './postgres/open-postgres-store.ts'
import { checkDatabasePath, hasDatabase } from './sqlite/database-file.ts'
import { migrateSqlite, openSqliteStore } from './sqlite/open-sqlite-store.ts'
import type { StoreHandle } from './store.ts'
import type { WriteQueueOptions } from './write-queue.ts'

type OpenStoreOptions = WriteQueueOptions & {
  /** Called with how many migrations ran, and with what else the database reports of its start. */
  onOpen?: (opened: { migrations: number }) => void
}

/**
 * Opens the database and brings its schema up to date. Makes a SQLite file where there is none. Rejects with
 * `DatabaseStartError` if waiting does not help, and with `store_unavailable` if the database can't be used at the moment.
 */
export async function openStore(address: DatabaseAddress, options: OpenStoreOptions): Promise<StoreHandle> {
  if (address.kind === 'postgres') return openPostgresStore({ ...options, ...address })
  return openSqliteStore({ ...options, path: address.path })
}

/** Brings the schema up to date, and resolves with how many migrations ran. Rejects as `openStore` does. */
export async function migrateDatabase(address: DatabaseAddress): Promise<number> {
  if (address.kind === 'postgres') return migratePostgres(address.url)
  return migrateSqlite(address.path)
}

/** Throws `DatabaseStartError` if no database can ever be there. Makes an empty SQLite file where there is none. */
export function checkDatabaseAddress(address: DatabaseAddress): void {
  if (address.kind === 'sqlite') checkDatabasePath(address.path)
}

/** Whether to wait for a database that can't be used at the moment. A file that is not there will not appear meanwhile. */
export function isWorthWaitingFor(address: DatabaseAddress): boolean {
  return address.kind === 'postgres' || hasDatabase(address.path)
}
