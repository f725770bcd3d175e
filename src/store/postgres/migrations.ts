import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { DatabaseStartError } from '../store-errors.ts'
import { BEGIN_LOCKED, createPartitions } from './partitions.ts'
import type { Session } from './pool.ts'
import { prepared } from './prepared.ts'

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../drizzle/postgres', import.meta.url))

/** What drizzle keeps of them. */
const MIGRATIONS_TABLE =
  'CREATE TABLE IF NOT EXISTS __drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)'

const APPLIED = prepared('SELECT created_at FROM __drizzle_migrations ORDER BY created_at')
const KEEP = prepared('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)')

/**
 * Brings the schema up to date and makes the partitions of the next days, in one transaction that only one process at a time can be in.
 * Returns how many migrations ran. Throws `DatabaseStartError` for a database with migrations that this program does not have.
 */
export async function migrateDatabase(session: Session): Promise<number> {
  await session.execute(BEGIN_LOCKED)
  await session.execute(MIGRATIONS_TABLE)
  const applied = (await session.rows<[number]>(APPLIED)).map(([at]) => at)
  const known = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER })
  const times = known.map(({ folderMillis }) => folderMillis)
  if (applied.some((at) => !times.includes(at)))
    throw new DatabaseStartError(
      `DATABASE_URL: the database has schema ${schemaName(applied)}, which this program does not know. ` +
        `It supports schema ${schemaName(times)}. Start the version that wrote the database, or restore a backup from before the upgrade.`,
    )
  const missing = known.filter(({ folderMillis }) => !applied.includes(folderMillis))
  for (const { sql, hash, folderMillis } of missing) {
    for (const statement of sql) await session.execute(statement)
    await session.rows(KEEP, [hash, folderMillis])
  }
  await createPartitions(session)
  await session.execute('COMMIT')
  return missing.length
}

/** How many migrations it has, and when the newest of them was made: `4 (2026-03-01T12:00:00.000Z)`. */
function schemaName(times: readonly number[]): string {
  return `${times.length} (${new Date(Math.max(...times)).toISOString()})`
}
