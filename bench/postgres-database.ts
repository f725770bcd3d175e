// A real PostgreSQL server: creates its databases, fills them before a measurement and reads them afterwards. In the bench, only
// this file and `peer-databases.ts` contain SQL for PostgreSQL.
import { randomBytes } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type QueryResultRow } from 'pg'
import { findAnyFreePort } from '#src/cli/free-port'
import { startLocalPostgres } from '#src/cli/local-postgres'
import { formatId, numberOf } from '#src/domain/ids'
import { migratePostgres } from '#src/store/postgres/open-postgres-store'
import { ATTENTION, KIND, OUTCOME, ROUTE, SIGNATURE, SOURCE, STATE, STATUS } from '#src/store/sql/codes'
import { CAUSES, DAY_MS, EXTENSIONS, SHARES } from './generated-runs.ts'
import { launch, type RunningServer } from './launch.ts'
import { type Core, isInstalled, moveToCore } from './machine.ts'
import type { PendingSubmission, StoredDelivery } from './tracker-database.ts'

export type PostgresServer = {
  url: string
  /** Its version and the settings that affect the speed of writes. */
  description: string
  /** The ids of its processes. */
  listProcesses: () => Promise<number[]>
  /** Pins its processes to a core, or with `any` to none. */
  moveTo: (core: Core) => Promise<void>
  /** Creates a database, empty or as a copy of another one, and writes all of it to disk. Resolves with its URL. */
  createDatabase: (template?: string) => Promise<string>
  dropDatabase: (url: string) => Promise<void>
  stop: () => Promise<void>
}

/** Sized for a small machine. All other settings that affect speed have PostgreSQL's defaults: each commit is synced. */
const SETTINGS = ['shared_buffers=256MB']
const DESCRIBED_SETTINGS = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'shared_buffers',
  'max_wal_size',
]

/**
 * Uses the server of `TEST_DATABASE_URL` (version 15 or later, on this machine, with a superuser), or starts one, which `stop`
 * removes.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const { TEST_DATABASE_URL: existing, PATH } = process.env
  const { url, stop } = existing
    ? { url: existing, stop: async () => {} }
    : await startLocalPostgres({ path: PATH, settings: SETTINGS })
  const [about] = await query<{ version: string; settings: string; pid: number }>(
    url,
    `SELECT current_setting('server_version') AS version, split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid,
      (SELECT string_agg(name || '=' || current_setting(name), ', ' ORDER BY array_position($1, name))
        FROM unnest($1::text[]) AS described(name)) AS settings`,
    [DESCRIBED_SETTINGS],
  )
  if (about === undefined) throw new Error('the server returned no description')
  const listProcesses = async () => {
    const others = await query<{ pid: number }>(url, 'SELECT pid FROM pg_stat_activity')
    return [about.pid, ...others.map(({ pid }) => pid)]
  }
  return {
    url,
    listProcesses,
    description: `PostgreSQL ${about.version}: ${about.settings}`,
    async moveTo(core) {
      moveToCore(core, await listProcesses())
    },
    async createDatabase(template) {
      const database = new URL(url)
      database.pathname = `/bench_${randomBytes(8).toString('hex')}`
      const source = template === undefined ? 'template0' : nameOf(template)
      await query(url, `CREATE DATABASE ${nameOf(database.href)} TEMPLATE ${source} STRATEGY file_copy`)
      await query(url, 'CHECKPOINT')
      return database.href
    },
    async dropDatabase(database) {
      await query(url, `DROP DATABASE ${nameOf(database)} WITH (FORCE)`)
    },
    stop,
  }
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1)
}

/** Runs a query on its own connection. */
async function query<Row extends QueryResultRow>(
  url: string,
  sql: string,
  parameters?: unknown[],
): Promise<Row[]> {
  const client = new Client(url)
  await client.connect()
  try {
    return (await client.query<Row>(sql, parameters)).rows
  } finally {
    await client.end()
  }
}

/** The random bits of an id, derived from a number. */
const checkFor = (number: string) =>
  `translate(rtrim(encode(substr(sha256((${number})::text::bytea), 1, 8), 'base64'), '='), '+/', '-_')`

/**
 * Adds accepted submissions, as the store writes them after ImageKit's response, and their pending runs. $1: the number of
 * submissions; $2: the time of the uploads; $3: the names of their extensions; $4: the same extensions as JSON. A file id has 24
 * hexadecimal digits, like ImageKit's. Until a delivery settles a run, its `settled_at` and its negative `settled_by` are placeholders.
 */
const ADD_PENDING = `
  WITH made AS (
    INSERT INTO submissions (n, chk, kind, state, file_id, file_name, key_name, request_id, sets_description, created_at,
        responded_at, updated_at, extensions, baseline)
      SELECT n, ${checkFor('n')}, ${KIND.to.upload}, ${STATE.to.accepted}, '68656c6c6f00' || lpad(to_hex(n), 12, '0'),
        'IMG_' || n || '.jpg', 'default', 'request ' || n, 0, $2::bigint, $2 + 700, $2 + 700, $4::json, '{"aiTags":{}}'
      FROM (SELECT nextval('submission_numbers') AS n FROM generate_series(1, $1::int)) numbered
      RETURNING n, chk, file_id),
  pending AS (
    INSERT INTO runs (n, chk, submission, name, attempt, requested_at, status, source, settled_at, updated_at, settled_by, bound_to)
      SELECT n, chk, submission, name, 1, $2, ${STATUS.to.pending}, ${SOURCE.to.response}, $2, $2 + 700, -n, file_id
      FROM (SELECT nextval('run_numbers') AS n, ordered.* FROM (
        SELECT made.n AS submission, chk, file_id, name FROM made, unnest($3::text[]) WITH ORDINALITY AS requested(name, position)
          ORDER BY made.n, position) ordered) numbered
      RETURNING n, name, bound_to),
  current AS (INSERT INTO current_runs (file_id, name, run) SELECT bound_to, name, n FROM pending)
  SELECT n::int, chk, file_id AS "fileId" FROM made ORDER BY n`

/** Adds accepted submissions with at least `runs` pending runs in total, and resolves with them in upload order. */
export async function addPending(
  url: string,
  { runs, extensions }: { runs: number; extensions: readonly string[] },
): Promise<PendingSubmission[]> {
  const count = Math.ceil(runs / extensions.length)
  const requested = JSON.stringify(extensions.map((name) => ({ name })))
  const made = await query<{ n: number; chk: string; fileId: string }>(url, ADD_PENDING, [
    count,
    Date.now(),
    extensions,
    requested,
  ])
  await query(url, 'CHECKPOINT')
  return made.map(({ n, chk, fileId }) => ({ submissionId: formatId('sub', n, chk), fileId }))
}

/** Does the vacuum that PostgreSQL would start soon after so many writes, so that it doesn't run during a measurement. */
export async function vacuumTables(url: string): Promise<void> {
  await query(url, 'VACUUM (ANALYZE) submissions, runs, current_runs, deliveries')
  await query(url, 'CHECKPOINT')
}

/** The deliveries for these submissions that are stored together with their body and their effect on the run. */
export async function findStoredDeliveries(
  url: string,
  submissions: readonly PendingSubmission[],
): Promise<StoredDelivery[]> {
  const [first, last] = [submissions[0], submissions.at(-1)].map((one) => numberOf(one?.submissionId ?? ''))
  const rows = await query<{ n: number; chk: string; extension: string }>(
    url,
    `SELECT s.n::int, s.chk, r.name AS extension FROM submissions s JOIN runs r ON r.submission = s.n
       JOIN deliveries d ON d.n = r.settled_by AND d.run = r.n JOIN delivery_bodies b ON b.n = d.n AND b.inserted_on = d.inserted_on
     WHERE s.n BETWEEN $1 AND $2 AND r.status IN (${STATUS.to.success}, ${STATUS.to.failed}) AND d.outcome = ${OUTCOME.to.applied}`,
    [first, last],
  )
  return rows.map(({ n, chk, extension }) => ({ submissionId: formatId('sub', n, chk), extension }))
}

/** The customers that `@supabase/stripe-sync-engine` stored. */
export async function findStoredCustomers(url: string): Promise<StoredDelivery[]> {
  const rows = await query<{ id: string }>(url, 'SELECT id FROM stripe.customers')
  return rows.map(({ id }) => ({ submissionId: id, extension: 'customer' }))
}

/** The number of updates of rows of `runs`. `hot`: those that changed no index. */
export type Updates = { all: number; hot: number }

/** Counts the updates of runs, once the server has counted at least `min`, or after ten seconds. */
export async function countUpdates(url: string, min: number): Promise<Updates> {
  const giveUpAt = Date.now() + 10_000
  for (;;) {
    const [counted] = await query<Updates>(
      url,
      `SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relname = 'runs'`,
    )
    if (counted === undefined) throw new Error('the table of runs has no statistics')
    if (counted.all >= min || Date.now() > giveUpAt) return counted
    await sleep(100)
  }
}

/** The file ids of at most `count` random assets, in random order. Fewer if the database has few. */
export async function pickFileIds(url: string, count: number): Promise<string[]> {
  const rows = await query<{ fileId: string }>(
    url,
    `SELECT file_id AS "fileId" FROM submissions WHERE n IN
       (SELECT 1 + floor(random() * (SELECT max(n) FROM submissions))::bigint FROM generate_series(1, 2 * $1::int))
       ORDER BY random() LIMIT $1`,
    [count],
  )
  return rows.map(({ fileId }) => fileId)
}

/*
 * The expressions and statements below generate rows by their number `n`. $1: the number of runs; $2: the present time, which is also
 * the time of the newest run.
 */

const UNTIL = '$2::bigint'
/** The submission of run `n`: submissions have one, two and three runs in turn. */
const SUBMISSION_OF = '(n - 1) / 6 * 3 + (ARRAY[1, 2, 2, 3, 3, 3])[(n - 1) % 6 + 1]'
/** The position of run `n` within its submission, from 0 on. */
const POSITION_OF = '(ARRAY[0, 0, 1, 0, 1, 2])[(n - 1) % 6 + 1]'
/** The time of submission `n`. */
const SUBMITTED_AT = `${UNTIL} - (90 * ${DAY_MS}::bigint * (1 - n * 2 / $1::float8))::bigint`
const FILE_OF = (submission: string) => `left(md5('file ' || ${submission}), 24)`
const textArray = (texts: readonly string[]) => `(ARRAY[${texts.map((text) => `'${text}'`).join(', ')}])`
/** A random number from 0 to 1 that depends only on `n` and the seed. */
const randomOf = (seed: number) => `(hashint8extended(n, ${seed}) & 1048575) / 1048576::float8`

const SEED_SUBMISSIONS = `
  INSERT INTO submissions (n, chk, kind, state, file_id, file_name, key_name, request_id, sets_description, created_at, responded_at,
      updated_at, extensions, baseline)
    SELECT n, ${checkFor('n')}, ${KIND.to.upload}, ${STATE.to.accepted}, ${FILE_OF('n')}, 'IMG_' || n || '.jpg', 'default',
      'request ' || n, 0, at, at + 700, at + 700, '[{"name":"remove-bg"}]', '{"aiTags":{}}'
    FROM (SELECT n, ${SUBMITTED_AT} AS at FROM generate_series(1, ($1::int + 1) / 2) n) made`

/** Each status has the same share of the runs as in the bench's SQLite databases. Pending runs are marked as overdue. */
const SEED_RUNS = `
  INSERT INTO runs (n, chk, submission, name, attempt, requested_at, status, source, settled_at, updated_at, settled_by, bound_to,
      due_at, overdue, attention, cause, failed_at, error, evidence)
    SELECT n, ${checkFor('submission')}, submission, name, 1, at, status,
      CASE status WHEN ${STATUS.to.pending} THEN ${SOURCE.to.response} WHEN ${STATUS.to.expired} THEN ${SOURCE.to.expiry}
        ELSE ${SOURCE.to.webhook} END,
      CASE WHEN is_final THEN at + took ELSE at END, at + took, CASE WHEN is_final THEN n ELSE -n END, ${FILE_OF('submission')},
      CASE WHEN status = ${STATUS.to.pending} THEN ${UNTIL} + ${DAY_MS} END, CASE WHEN status = ${STATUS.to.pending} THEN 1 END,
      CASE status WHEN ${STATUS.to.failed} THEN ${ATTENTION.failed} WHEN ${STATUS.to.expired} THEN ${ATTENTION.expired} END,
      CASE WHEN status = ${STATUS.to.failed} THEN cause END, CASE WHEN status = ${STATUS.to.failed} THEN at + took END,
      CASE WHEN status = ${STATUS.to.failed} THEN json_build_object('message', 'Processing failed.', 'code', cause) END,
      CASE WHEN status = ${STATUS.to.expired} THEN '{"kind":"timed_out"}'::json END
    FROM (SELECT n, submission, ${UNTIL} - (90 * ${DAY_MS}::bigint * (1 - n / $1::float8))::bigint AS at,
        1000 + (60000 * share_of_time ^ 4)::bigint AS took, status, status IN (${STATUS.to.success}, ${STATUS.to.failed}) AS is_final,
        ${textArray(EXTENSIONS)}[1 + extension] AS name, (${textArray(EXTENSIONS.map((name) => CAUSES[name]?.[0] ?? ''))})[1 + extension] AS cause
      FROM (SELECT n, ${SUBMISSION_OF} AS submission, (${SUBMISSION_OF} + ${POSITION_OF}) % ${EXTENSIONS.length} AS extension,
          ${randomOf(1)} AS share_of_time,
          CASE WHEN ${randomOf(2)} < ${SHARES.success} THEN ${STATUS.to.success}
            WHEN ${randomOf(2)} < ${SHARES.failed} THEN ${STATUS.to.failed}
            WHEN ${randomOf(2)} < ${SHARES.expired} THEN ${STATUS.to.expired} ELSE ${STATUS.to.pending} END AS status
        FROM generate_series(1, $1::bigint) n) drawn) made`

/** The webhook that settled each final run, with the number of its run, and without its body: bodies are pruned long before runs. */
const SEED_DELIVERIES = `
  INSERT INTO deliveries (n, chk, route, received_at, signature, outcome, run, service)
    SELECT n, ${checkFor('n')}, ${ROUTE.to.extension}, settled_at, ${SIGNATURE.to.absent}, ${OUTCOME.to.applied}, n, name
    FROM runs WHERE settled_by > 0`

const LIST_INDEXES = `
  SELECT indexname AS name, indexdef AS definition FROM pg_indexes
  WHERE tablename IN ('submissions', 'runs', 'deliveries') AND indexname NOT LIKE '%_pkey'`

/** Generates `runs` runs of the last ninety days with their submissions and deliveries. Creating indexes last is faster. */
export async function seed(url: string, runs: number): Promise<void> {
  const indexes = await query<{ name: string; definition: string }>(url, LIST_INDEXES)
  for (const { name } of indexes) await query(url, `DROP INDEX ${name}`)
  const until = Date.now()
  await query(url, SEED_SUBMISSIONS, [runs, until])
  await query(url, SEED_RUNS, [runs, until])
  await query(url, SEED_DELIVERIES)
  await query(
    url,
    'INSERT INTO current_runs (file_id, name, run) SELECT bound_to, name, n FROM runs ORDER BY bound_to, name',
  )
  for (const { definition } of indexes) await query(url, definition)
  // The sweep has passed all runs.
  await query(url, `INSERT INTO metadata (name, value) SELECT 'sweep', max(n) FROM runs`)
  await query(
    url,
    `SELECT setval('submission_numbers', (SELECT max(n) FROM submissions)), setval('run_numbers', (SELECT max(n) FROM runs)),
       setval('delivery_numbers', (SELECT max(n) FROM runs))`,
  )
  await vacuumTables(url)
}

/** Creates a database with the schema of the tracker. Resolves with its URL. */
export async function createTrackerDatabase(server: PostgresServer): Promise<string> {
  const url = await server.createDatabase()
  await migratePostgres(url)
  return url
}

const PGBOUNCER = process.env['PGBOUNCER_PROGRAM'] ?? 'pgbouncer'
export const HAS_PGBOUNCER = isInstalled(PGBOUNCER)

/** Starts PgBouncer in transaction mode in front of a database; `url` is the URL of the database through it. */
export async function launchPgbouncer(folder: string, database: string, core: Core): Promise<RunningServer> {
  const { hostname, port, username, password } = new URL(database)
  const ownPort = await findAnyFreePort()
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(
    settings,
    `[databases]
* = host=${hostname} port=${port} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_prepared_statements = 200
max_client_conn = 500
`,
  )
  chmodSync(settings, 0o644)
  // PgBouncer refuses to run as root.
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const command = [PGBOUNCER, ...asNobody, settings]
  // The URL is built below; the captured text is not used.
  const running = await launch(command, folder, {}, { core, listening: /(listening on) 127/ })
  const url = new URL(database)
  url.host = `127.0.0.1:${ownPort}`
  return { ...running, url: url.href }
}
