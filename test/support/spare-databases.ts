import { createDatabase, dropDatabase, queryPostgres } from './postgres-admin.ts'

type Spare = { url: string; name: string; shape: string | undefined }

/** Emptied databases that tests are done with: to empty one takes a tenth of the time of creating one. */
const spares: Spare[] = []

/** What a test may change of a database besides rows. */
const SHAPE = `
  SELECT md5(string_agg(part, ' ' ORDER BY part)) AS shape FROM (
    SELECT concat_ws(' ', relname, relkind, relispartition, attname, atttypid) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT nspname FROM pg_namespace
    UNION ALL SELECT hash FROM __drizzle_migrations
    UNION ALL SELECT array_to_string(setconfig, ' ') FROM pg_db_role_setting
      WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
  ) parts (part)`

/** Those that a test has left open may hold locks. */
const DISCONNECT = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`

/** Of many rows TRUNCATE is faster, of few DELETE. */
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

/** A database like the template, which has tables and no rows. */
export async function takeDatabase(server: string, template: string): Promise<Spare> {
  const spare = spares.pop()
  if (spare !== undefined) return spare
  const created = await createDatabase(server, template)
  return { ...created, shape: await readShape(created.url) }
}

/** Empties the database for the next test. One whose tables were changed is dropped. */
export async function giveBackDatabase(server: string, database: Spare): Promise<void> {
  // A trigger that a test has left may refuse it.
  const shape = await readShape(database.url, `${DISCONNECT}; ${EMPTY};`).catch(() => undefined)
  if (shape === database.shape) spares.push(database)
  else await dropDatabase(server, database.name)
}

async function readShape(url: string, before = ''): Promise<string | undefined> {
  return (await queryPostgres<{ shape: string }>(url, `${before} ${SHAPE}`))[0]?.shape
}
