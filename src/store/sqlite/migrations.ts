import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { DatabaseStartError } from '../store-errors.ts'
import type { Connection } from './connection.ts'
import { createStatements } from './statements.ts'

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../drizzle/sqlite', import.meta.url))

/** What drizzle keeps of them; its own tools find the same. */
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS __drizzle_migrations (
  id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric
)`

/**
 * Brings the schema up to date, all migrations in one transaction, and returns how many ran. Throws `DatabaseStartError` for a
 * database with migrations that this program does not have: its columns and rules are unknown here.
 */
export function migrateConnection(connection: Connection): number {
  // A migration that rebuilds a table drops the old one, which with foreign keys in force would delete what refers to it.
  connection.pragma('foreign_keys = OFF')
  try {
    return connection.transaction(runMissing).immediate(connection)
  } finally {
    connection.pragma('foreign_keys = ON')
  }
}

/** Not drizzle's own runner: where the disk refuses, SQLite has rolled back already, and its ROLLBACK hides the reason. */
function runMissing(connection: Connection): number {
  connection.exec(MIGRATIONS_TABLE)
  const { values, run } = createStatements(connection)
  const applied = values<number>('SELECT created_at FROM __drizzle_migrations ORDER BY created_at')()
  const known = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER })
  const times = known.map(({ folderMillis }) => folderMillis)
  if (applied.some((at) => !times.includes(at)))
    throw new DatabaseStartError(
      `The database ${connection.name} has schema ${schemaName(applied)}, which this program does not know. ` +
        `It supports schema ${schemaName(times)}. Start the version that wrote the database, or restore a backup from before the upgrade.`,
    )
  const keep = run('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)')
  const missing = known.filter(({ folderMillis }) => !applied.includes(folderMillis))
  for (const { sql, hash, folderMillis } of missing) {
    for (const statement of sql) connection.exec(statement)
    keep(hash, folderMillis)
  }
  return missing.length
}

/** How many migrations it has, and when the newest of them was made: `4 (2026-03-01T12:00:00.000Z)`. */
function schemaName(times: readonly number[]): string {
  return `${times.length} (${new Date(Math.max(...times)).toISOString()})`
}
