import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator'
import { DatabaseStartError } from './store-errors.ts'

/**
 * The migrations of a folder that a database lacks, identified by their creation times. Throws `DatabaseStartError` for a
 * database with migrations that this program does not have: its columns and rules are unknown here. `name` is the database's
 * name in the message.
 */
export function findMissingMigrations(
  folder: string,
  { name, applied }: { name: string; applied: readonly number[] },
): MigrationMeta[] {
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
