import { fileURLToPath } from 'node:url'
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator'
import { DatabaseStartError } from '../domain/errors.ts'
import type { Statements } from './sql/statements.ts'
import { type Awaitable, type Work, waitFor } from './transaction-work.ts'

/** A database to migrate, inside a transaction that only one process at a time can begin. */
type MigratedDatabase = Pick<Statements, 'run' | 'values'> & {
  dialect: 'sqlite' | 'postgres'
  /** Names the database in messages. */
  name: string
  /** Runs statements without parameters. */
  execute: (sql: string) => Awaitable<unknown>
}

/**
 * The table of applied migrations, with the name and the columns that drizzle uses for each database. With PostgreSQL, drizzle's tools
 * expect the table in the schema `drizzle`, unless they are configured otherwise.
 */
const MIGRATIONS_TABLE = {
  sqlite:
    'CREATE TABLE IF NOT EXISTS __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)',
  postgres:
    'CREATE TABLE IF NOT EXISTS __drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)',
}

/**
 * Runs the migrations that a database lacks, and returns their number. Replaces drizzle's runner: on a disk failure SQLite has
 * already rolled back, so drizzle's ROLLBACK fails and hides the reason. Throws `DatabaseStartError` for a database with migrations that
 * this program does not have: it does not know their columns and rules.
 */
export function* runMigrations({ dialect, name, execute, values, run }: MigratedDatabase): Work<number> {
  yield* waitFor(execute(MIGRATIONS_TABLE[dialect]))
  const list = values<number>('SELECT created_at FROM __drizzle_migrations ORDER BY created_at')
  const missing = findMissing(dialect, name, yield* waitFor(list()))
  const record = run('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)')
  for (const { sql, hash, folderMillis } of missing) {
    for (const statement of sql) yield* waitFor(execute(statement))
    yield* waitFor(record(hash, folderMillis))
  }
  return missing.length
}

/** Migrations are identified by their creation times. */
function findMissing(
  dialect: MigratedDatabase['dialect'],
  name: string,
  applied: readonly number[],
): MigrationMeta[] {
  const folder = fileURLToPath(new URL(`../../drizzle/${dialect}`, import.meta.url))
  const known = readMigrationFiles({ migrationsFolder: folder })
  const times = known.map(({ folderMillis }) => folderMillis)
  if (applied.some((at) => !times.includes(at)))
    throw new DatabaseStartError(
      `${name} has schema ${schemaName(applied)}, which this program does not know. It supports schema ${schemaName(times)}. ` +
        'Start the version that wrote the database, or restore a backup from before the upgrade.',
    )
  return known.filter(({ folderMillis }) => !applied.includes(folderMillis))
}

/** The number of migrations, and the time of the newest: `4 (2026-03-01T12:00:00.000Z)`. */
function schemaName(times: readonly number[]): string {
  return `${times.length} (${new Date(Math.max(...times)).toISOString()})`
}
