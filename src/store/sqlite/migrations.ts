import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import type { Connection } from './connection.ts'

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../drizzle/sqlite', import.meta.url))
const MIGRATIONS_TABLE = '__drizzle_migrations'

/** Brings the schema up to date, all migrations in one transaction, and returns how many ran. */
export function migrateConnection(connection: Connection): number {
  // A migration that rebuilds a table drops the old one, which with foreign keys in force would delete what refers to it.
  connection.pragma('foreign_keys = OFF')
  try {
    const before = countMigrations(connection)
    migrate(drizzle(connection), { migrationsFolder: MIGRATIONS_FOLDER, migrationsTable: MIGRATIONS_TABLE })
    return countMigrations(connection) - before
  } finally {
    connection.pragma('foreign_keys = ON')
  }
}

function countMigrations(connection: Connection): number {
  const table = connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
  if (table.get(MIGRATIONS_TABLE) === undefined) return 0
  return connection.prepare<[], number>(`SELECT count(*) FROM ${MIGRATIONS_TABLE}`).pluck().get() ?? 0
}
