import { DatabaseError } from 'pg'
import { inject } from 'vitest'
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts'
import type { Engine } from './database.ts'
import { acquireDatabase, queryDatabase } from './spare-databases.ts'

/** The error code of a failing disk: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const IO_ERROR = '58030'
const DEADLOCK = '40P01'

export const postgresDatabase: Engine = {
  name: 'PostgreSQL',
  async create() {
    const { url: server, template } = inject('postgres')
    return acquireDatabase(server, template)
  },
  open: ({ url }, options) => openPostgresStore({ url, ...options }),
  query: ({ url }, sql) => queryDatabase(url, sql),
  run: ({ url }, sql) => runRetryingDeadlocks(url, sql),
  async listTables({ url }) {
    const tables = `SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
      AND relnamespace = 'public'::regnamespace`
    return (await queryDatabase<{ relname: string }>(url, tables)).map(({ relname }) => relname)
  },
  async copyTable(from, to, table) {
    const [copied] = await queryDatabase(from.url, `SELECT json_agg(t) AS rows FROM ${table} t`)
    const insert = `INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`
    await queryDatabase(to.url, insert, [copied?.['rows'] ?? '[]'])
  },
  failOn: ({ name, event, table, when, how }) => {
    const error = how === 'disk' ? ` USING ERRCODE = '${IO_ERROR}'` : ''
    return {
      create: `
        CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'rejected by the test'${error}; END $$;
        CREATE TRIGGER ${name} BEFORE ${event} ON ${table} FOR EACH ROW ${when && `WHEN (${when})`} EXECUTE FUNCTION ${name}()`,
      drop: `DROP TRIGGER ${name} ON ${table}; DROP FUNCTION ${name}`,
    }
  },
}

/**
 * Runs SQL, again after each deadlock: creating a trigger locks the table and its partitions, and the service locks them in another
 * order when it creates partitions.
 */
async function runRetryingDeadlocks(url: string, sql: string): Promise<void> {
  try {
    await queryDatabase(url, sql)
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== DEADLOCK) throw error
    await runRetryingDeadlocks(url, sql)
  }
}
