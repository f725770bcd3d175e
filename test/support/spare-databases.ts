import type { QueryResultRow } from 'pg'
import {
  createDatabase,
  dropDatabase,
  openPersistentConnection,
  type PersistentConnection,
  queryPostgres,
} from './postgres-admin.ts'

/**
 * A database that is used by one test after another. `shape`: the result of `SHAPE` when it was new. `connection` stays open, because
 * opening a connection takes longer than what is usually done on it.
 */
type ReusableDatabase = { url: string; name: string; shape: string; connection: PersistentConnection }

/** Emptied databases of finished tests. Emptying a database takes a tenth of the time of creating one. */
const spares: ReusableDatabase[] = []

/** Selects a hash of what tests may change in a database besides rows: its schema and its settings. */
const SHAPE = `
  SELECT md5(string_agg(part, ' ' ORDER BY part)) AS shape FROM (
    SELECT concat_ws(' ', relname, relkind, relispartition, relnatts) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', relname, attname, atttypid) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT nspname FROM pg_namespace
    UNION ALL SELECT hash FROM __drizzle_migrations
    UNION ALL SELECT array_to_string(setconfig, ' ') FROM pg_db_role_setting
      WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
  ) parts (part)`

/**
 * Ends the connections that a test left open. They may hold locks, so this waits up to five seconds for the end of each. Idle ones
 * hold no table locks and are not awaited.
 */
const DISCONNECT = `SELECT pg_terminate_backend(pid, CASE state WHEN 'idle' THEN 0 ELSE 5000 END) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`

/** Deletes all rows except the list of migrations. Restarts the sequences. TRUNCATE is faster for tables over 64 KiB, else DELETE. */
const EMPTY = `
  DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT oid::regclass AS name, relkind AS kind FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') AND relname !~ 'drizzle_migrations' LOOP
      IF one.kind = 'S' THEN EXECUTE format('ALTER SEQUENCE %s RESTART', one.name);
      ELSIF pg_relation_size(one.name) > 65536 THEN EXECUTE format('TRUNCATE %s', one.name);
      ELSIF pg_relation_size(one.name) > 0 THEN EXECUTE format('DELETE FROM %s', one.name);
      END IF;
    END LOOP;
  END $$`

/** The databases that tests use at the moment, by URL. */
const inUse = new Map<string, ReusableDatabase>()

/** Takes a spare database or creates one. It is like the template: migrated and without rows. */
export async function acquireDatabase(
  server: string,
  template: string,
): Promise<{ url: string; drop: () => Promise<void> }> {
  const spare = spares.pop() ?? (await createReusable(server, template))
  const { url } = spare
  inUse.set(url, spare)
  return {
    url,
    async drop() {
      inUse.delete(url)
      await release(server, spare)
    },
  }
}

/** Runs SQL without the store: on the open connection if the database was acquired, else on a new one. */
export async function queryDatabase<Row extends QueryResultRow>(
  url: string,
  sql: string,
  parameters?: unknown[],
): Promise<Row[]> {
  const { connection } = inUse.get(url) ?? {}
  return connection ? connection.query<Row>(sql, parameters) : queryPostgres<Row>(url, sql, parameters)
}

async function createReusable(server: string, template: string): Promise<ReusableDatabase> {
  const { url, name } = await createDatabase(server, template)
  const connection = openPersistentConnection(url)
  return { url, name, connection, shape: await readShape(connection) }
}

/** Empties the database for the next test, or drops it if this fails or if the test has changed its schema or settings. */
async function release(server: string, spare: ReusableDatabase): Promise<void> {
  const { name, connection, shape } = spare
  // Emptying can fail, for example if a trigger of the test rejects the DELETE, or if the test has terminated all connections.
  const currentShape = await readShape(connection, `${DISCONNECT}; ${EMPTY};`).catch(() => undefined)
  if (currentShape === shape) return void spares.push(spare)
  await connection.close().catch(() => {})
  await dropDatabase(server, name)
}

async function readShape(connection: PersistentConnection, before = ''): Promise<string> {
  const [row] = await connection.query<{ shape: string }>(`${before} ${SHAPE}`)
  return row?.shape ?? ''
}
