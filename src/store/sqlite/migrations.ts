import { fileURLToPath } from 'node:url'
import { findMissingMigrations } from '../missing-migrations.ts'
import type { Connection } from './connection.ts'
import { createStatements } from './statements.ts'

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../drizzle/sqlite', import.meta.url))

/** As drizzle defines it, so that drizzle's tools find it. */
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS __drizzle_migrations (
  id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric
)`

/**
 * Migrates the schema, with all migrations in one transaction, and returns their number. Throws as `findMissingMigrations` does.
 */
export function migrateConnection(connection: Connection): number {
  // A migration that rebuilds a table drops the old one. With foreign keys on, that would delete the rows that refer to it.
  connection.pragma('foreign_keys = OFF')
  try {
    return connection.transaction(runMissing).immediate(connection)
  } finally {
    connection.pragma('foreign_keys = ON')
  }
}

/** Replaces drizzle's runner: on a disk failure SQLite has already rolled back, and drizzle's ROLLBACK hides the reason. */
function runMissing(connection: Connection): number {
  connection.exec(MIGRATIONS_TABLE)
  const { values, run } = createStatements(connection)
  const applied = values<number>('SELECT created_at FROM __drizzle_migrations ORDER BY created_at')()
  const missing = findMissingMigrations(MIGRATIONS_FOLDER, {
    name: `The database ${connection.name}`,
    applied,
  })
  const keep = run('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)')
  for (const { sql, hash, folderMillis } of missing) {
    for (const statement of sql) connection.exec(statement)
    keep(hash, folderMillis)
  }
  return missing.length
}
