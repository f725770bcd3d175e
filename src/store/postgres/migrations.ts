import { fileURLToPath } from 'node:url'
import { findMissingMigrations } from '../missing-migrations.ts'
import { BEGIN_LOCKED, createPartitions } from './partitions.ts'
import type { Session } from './pool.ts'
import { prepared } from './prepared.ts'

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../drizzle/postgres', import.meta.url))

/** As drizzle defines it. */
const MIGRATIONS_TABLE =
  'CREATE TABLE IF NOT EXISTS __drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)'

const APPLIED = prepared('SELECT created_at FROM __drizzle_migrations ORDER BY created_at')
const KEEP = prepared('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)')

/**
 * Migrates the schema and creates the partitions of the next days, in one transaction that is limited to one process at a time.
 * Returns the number of migrations. Throws as `findMissingMigrations` does.
 */
export async function migrateDatabase(session: Session): Promise<number> {
  await session.execute(BEGIN_LOCKED)
  await session.execute(MIGRATIONS_TABLE)
  const applied = (await session.rows<[number]>(APPLIED)).map(([at]) => at)
  const missing = findMissingMigrations(MIGRATIONS_FOLDER, { name: 'DATABASE_URL: the database', applied })
  for (const { sql, hash, folderMillis } of missing) {
    for (const statement of sql) await session.execute(statement)
    await session.rows(KEEP, [hash, folderMillis])
  }
  await createPartitions(session)
  await session.execute('COMMIT')
  return missing.length
}
