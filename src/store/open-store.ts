import type { DatabaseAddress } from '../domain/database-address.ts'
import { DatabaseStartError } from '../domain/errors.ts'
import { type CopyProgress, copyDatabase } from './copy-database.ts'
import { copyIntoPostgres, migratePostgres, openPostgresStore } from './postgres/open-postgres-store.ts'
import { checkDatabasePath, hasDatabase } from './sqlite/database-file.ts'
import { migrateSqlite, openCopySource, openSqliteStore } from './sqlite/open-sqlite-store.ts'
import type { StoreHandle } from './store.ts'
import type { WriteQueueOptions } from './write-queue.ts'

type OpenStoreOptions = WriteQueueOptions & {
  /** Called with the number of migrations, and with whatever else the database reports when it opens. */
  onOpen?: (opened: { migrations: number }) => void
}

/**
 * Opens the database and migrates its schema. Creates a missing SQLite file. Rejects if the database can't be used: with
 * `DatabaseStartError` if waiting does not help, else with `store_unavailable`. A SQLite file that is not a database also counts as
 * `store_unavailable`.
 */
export async function openStore(address: DatabaseAddress, options: OpenStoreOptions): Promise<StoreHandle> {
  if (address.kind === 'postgres') return openPostgresStore({ ...options, ...address })
  return openSqliteStore({ ...options, path: address.path })
}

/**
 * Migrates the schema, and resolves with the number of migrations. Rejects as `openStore` does, but always with the reason in the
 * message, and with `DatabaseStartError` for a SQLite file that is not a database.
 */
export async function migrateDatabase(address: DatabaseAddress): Promise<number> {
  if (address.kind === 'postgres') return migratePostgres(address.url)
  return migrateSqlite(address.path)
}

/**
 * Copies a SQLite database that no service has open into an empty PostgreSQL database, and compares them. Migrates the schemas of
 * both. If it is interrupted, call it again to continue. `onStart` gets the number of rows, and the promise resolves with it.
 * `onProgress` gets the number of rows that were copied, or compared, since its last call. Rejects as `openStore` does.
 */
export async function moveDatabase(
  from: DatabaseAddress & { kind: 'sqlite' },
  to: DatabaseAddress & { kind: 'postgres' },
  { onStart, onProgress }: { onStart: (rows: number) => void; onProgress: CopyProgress },
): Promise<number> {
  checkExists(from)
  const source = openCopySource(from.path)
  try {
    onStart(source.tables.reduce((sum, table) => sum + source.count(table), 0))
    return await copyIntoPostgres(to.url, (target) => copyDatabase(source, target, onProgress))
  } finally {
    source.close()
  }
}

/**
 * The check value of the token secret in a SQLite database that no service has open. Migrates its schema. Rejects as `openStore`
 * does.
 */
export async function findTokenCheckValue(
  from: DatabaseAddress & { kind: 'sqlite' },
): Promise<number | null> {
  checkExists(from)
  const store = openSqliteStore({ path: from.path })
  try {
    return await store.findTokenCheckValue()
  } finally {
    await store.close()
  }
}

function checkExists({ path }: DatabaseAddress & { kind: 'sqlite' }): void {
  if (!hasDatabase(path)) throw new DatabaseStartError(`There is no database at ${path}.`)
}

/** Throws `DatabaseStartError` if no database can ever be at the address. Creates a missing SQLite file, empty, and its folders. */
export function checkDatabaseAddress(address: DatabaseAddress): void {
  if (address.kind === 'sqlite') checkDatabasePath(address.path)
}

/** Whether to wait for a database that can't be used at the moment. A missing or empty file will not become one. */
export function isWorthWaitingFor(address: DatabaseAddress): boolean {
  return address.kind === 'postgres' || hasDatabase(address.path)
}
