import type { TestProject } from 'vitest/node'
import { startLocalPostgres } from '../../src/cli/local-postgres.ts'
import { migratePostgres } from '../../src/store/postgres/open-postgres-store.ts'
import { createDatabase, dropDatabases, queryPostgres } from './postgres-admin.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** What the tests of a project run on. */
    database: 'sqlite' | 'postgres'
    /** The server of this run, and the migrated database on it that those of tests are copies of. */
    postgres: { url: string; template: string }
  }
}

/**
 * Nothing has to survive. What is known of an emptied table would mislead the planner once a test has filled it again, so nothing
 * is gathered.
 */
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off']

/**
 * The server that the project `postgres` runs on: that of `TEST_DATABASE_URL`, whose user may create databases, or one that is
 * started here and removed at the end. Fails the run where there is none.
 */
export default async function startPostgres(project: TestProject): Promise<() => Promise<void>> {
  const { TEST_DATABASE_URL: given, PATH } = process.env
  const { url, stop } = given
    ? { url: given, stop: async () => {} }
    : await startLocalPostgres({ path: PATH, settings: SETTINGS })
  try {
    // Connections are made all the time, and hashing a password 4,096 times takes longer than all else of it.
    if (!given) await hashPasswordOnce(url)
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

async function hashPasswordOnce(url: string): Promise<void> {
  const { username, password } = new URL(url)
  // Older servers have no such setting.
  const once = `SELECT set_config(name, '1', false) FROM pg_settings WHERE name = 'scram_iterations'`
  await queryPostgres(url, `${once}; ALTER ROLE ${username} PASSWORD '${password}'`)
}
