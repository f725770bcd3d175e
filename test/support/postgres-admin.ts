import { randomBytes } from 'node:crypto'
import { Pool, type QueryResultRow, TypeOverrides } from 'pg'

/** Parses values as SQLite returns them: integers and decimals as numbers, JSON as text, and booleans as 0 or 1. */
const LIKE_SQLITE = new TypeOverrides()
/** The ids of these types in `pg_type`. */
const { BOOL, INT8, JSON, JSONB, NUMERIC } = { BOOL: 16, INT8: 20, JSON: 114, JSONB: 3802, NUMERIC: 1700 }
for (const type of [INT8, NUMERIC]) LIKE_SQLITE.setTypeParser(type, Number)
for (const type of [JSON, JSONB]) LIKE_SQLITE.setTypeParser(type, String)
LIKE_SQLITE.setTypeParser(BOOL, (text) => (text === 't' ? 1 : 0))

/** Runs SQL on a new connection. Returns the rows of the last statement. */
export async function queryPostgres<Row extends QueryResultRow>(
  url: string,
  sql: string,
  parameters?: unknown[],
): Promise<Row[]> {
  const connection = openPersistentConnection(url)
  try {
    return await connection.query<Row>(sql, parameters)
  } finally {
    await connection.close()
  }
}

export type PersistentConnection = ReturnType<typeof openPersistentConnection>

/** A connection that the first query opens, and the next query reopens if it breaks. It does not keep the process alive. */
export function openPersistentConnection(url: string) {
  const pool = new Pool({
    connectionString: url,
    types: LIKE_SQLITE,
    max: 1,
    idleTimeoutMillis: 0,
    allowExitOnIdle: true,
  })
  // Without a listener, an error of the idle connection would end the process. A failed query rejects with its own error.
  pool.on('error', () => {})
  return {
    async query<Row extends QueryResultRow>(sql: string, parameters?: unknown[]): Promise<Row[]> {
      const results = [await pool.query<Row>(sql, parameters)].flat()
      return results.at(-1)?.rows ?? []
    },
    close: () => pool.end(),
  }
}

/** Creates a database on a server, empty or as a copy of `template`. The name of a copy begins with that of its template. */
export async function createDatabase(server: string, template = 'template0') {
  const prefix = template === 'template0' ? 'tracker_test' : template
  const name = `${prefix}_${randomBytes(8).toString('hex')}`
  await queryPostgres(server, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, name }
}

/** Drops a template database and its copies: all databases whose names begin with its name. */
export async function dropDatabases(server: string, template: string): Promise<void> {
  const names = `SELECT datname FROM pg_database WHERE starts_with(datname, '${template}')`
  for (const { datname } of await queryPostgres<{ datname: string }>(server, names))
    await dropDatabase(server, datname)
}

export async function dropDatabase(server: string, name: string): Promise<void> {
  await queryPostgres(server, `DROP DATABASE ${name} WITH (FORCE)`)
}
