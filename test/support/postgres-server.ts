import type { TestProject } from 'vitest/node'
import { startLocalPostgres } from '../../src/cli/local-postgres.ts'
import { migratePostgres } from '../../src/store/postgres/open-postgres-store.ts'
import { createDatabase, dropDatabases, queryPostgres } from './postgres-admin.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The engine that the tests of a Vitest project run on. */
    database: 'sqlite' | 'postgres'
    /** The URL of the server, and the name of the migrated template database that tests get copies of. */
    postgres: { url: string; template: string }
  }
}

/**
 * No data has to survive a crash. Autovacuum is off, because statistics of an emptied table would mislead the planner once a test has
 * filled it again.
 */
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off']

/**
 * Provides the server of a Vitest project that tests on PostgreSQL: that of `TEST_DATABASE_URL`, whose user must be allowed to create
 * databases, or else one that is started here and removed at the end. Throws if it has to start one and finds no PostgreSQL.
 */
export default async function startPostgres(project: TestProject): Promise<() => Promise<void>> {
  const { TEST_DATABASE_URL: existing, PATH } = process.env
  const { url, stop } = existing
    ? { url: existing, stop: async () => {} }
    : await startLocalPostgres({ path: PATH, settings: SETTINGS })
  try {
    // The tests open many connections. For each one, the server hashes the password, by default 4,096 times: most of the time to connect.
    if (!existing) await hashPasswordOnce(url)
    const template = await createDatabase(url)
    await migratePostgres(template.url)
    project.provide('postgres', { url, template: template.name })
    return async () => {
      await dropDatabases(url, template.name)
      await stop()
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Stores the superuser's password with one round of hashing. */
async function hashPasswordOnce(url: string): Promise<void> {
  const { username, password } = new URL(url)
  // Servers before version 16 don't have this setting. The query then selects no row, and sets nothing.
  const once = `SELECT set_config(name, '1', false) FROM pg_settings WHERE name = 'scram_iterations'`
  await queryPostgres(url, `${once}; ALTER ROLE ${username} PASSWORD '${password}'`)
}
