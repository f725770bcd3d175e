import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import { EVERY_RUN } from '../../src/domain/run-filter.ts'
import { type Connection, openConnection } from '../../src/store/sqlite/connection.ts'
import { migrateConnection } from '../../src/store/sqlite/open-sqlite-store.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { accepted, newDelivery, newRejected } from '../contract/builders.ts'
import { deliverResult, submit } from '../contract/store-calls.ts'
import { withLease } from '../contract/with-lease.ts'
import { watchStatements } from './prepared-statements.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

type Plan = { sql: string; steps: string[] }

/** A step that may scan or sort in the statements that match `sql`, and why it may. */
type AllowedStep = { sql: RegExp; step: RegExp; because: string }

/** Allowed scans of tables and indexes. */
const SCANS: AllowedStep[] = [
  { sql: /./, step: /^SCAN CONSTANT ROW$/, because: 'it is not a table' },
  {
    sql: /json_each/,
    step: /^SCAN (json_each|e) VIRTUAL TABLE/,
    because: 'it is the JSON of a parameter, or of one row',
  },
  {
    sql: /./,
    step: /^SCAN (known|failed|\(subquery-\d+\))$/,
    because: 'the step that reads its rows is checked separately',
  },
  {
    sql: /^WITH found /,
    step: /^SCAN found$/,
    because: 'it has one row for each given pair of file and name',
  },
  { sql: /./, step: /^SCAN processes$/, because: 'there are few processes' },
  { sql: /^UPDATE leases/, step: /^SCAN leases$/, because: 'there is one lease' },
  {
    sql: /FROM counter_deltas/,
    step: /^SCAN counter_deltas$/,
    because: 'a job folds them soon, so they are few',
  },
  { sql: /FROM alerts|UPDATE alerts/, step: /^SCAN alerts$/, because: 'at most a few for each extension' },
  {
    sql: /FROM ended_sessions/,
    step: /^SCAN ended_sessions$/,
    because: 'those that expired more than a day ago are deleted',
  },
  {
    sql: /^DELETE FROM sign_in_failures/,
    step: /^SCAN sign_in_failures USING COVERING INDEX sign_in_failures_latest$/,
    because: 'their number is limited',
  },
  {
    sql: /^DELETE FROM rejected_deliveries/,
    step: /^SCAN rejected_deliveries$/,
    because: 'eviction keeps them few',
  },
  {
    sql: /SELECT count\(\*\), count/,
    step: /^SCAN notifications USING COVERING INDEX notifications_due$/,
    because: 'the index contains only notifications that have not ended',
  },
  {
    sql: /ORDER BY n DESC LIMIT 1\)/,
    step: /^SCAN (deliveries|submissions)$/,
    because: 'it reads only the last row',
  },
  {
    sql: /WHERE overdue = 1 ORDER BY n LIMIT 1$/,
    step: /^SCAN runs USING INDEX runs_overdue$/,
    because: 'it reads only the first row',
  },
  {
    sql: /i\.state = 'waiting' ORDER BY i\.n LIMIT 1$/,
    step: /^SCAN i USING INDEX retry_items_waiting$/,
    because: 'it reads only the first row',
  },
  {
    sql: /i\.state = 'submitting'/,
    step: /^SCAN i USING INDEX retry_items_submitting$/,
    because: 'the index contains only items in progress',
  },
  {
    sql: /response IS NULL/,
    step: /^SCAN idempotency_keys USING INDEX idempotency_keys_in_progress$/,
    because: 'the index contains only keys in progress',
  },
  {
    sql: /sum\(count\), NULL .* GROUP BY kind, extension, value/,
    step: /^SCAN counted$/,
    because: 'its rows come from three index searches',
  },
  {
    sql: /WITH asked AS MATERIALIZED \(SELECT n FROM submissions WHERE file_id = \?\)/,
    step: /^SCAN asked$/,
    because: 'it is used only for a file with at most 1,000 submissions',
  },
]

/** Allowed sorts, each of few rows. */
const SORTS: AllowedStep[] = [
  {
    sql: /r\.submission = \? AND r\.chk = \? ORDER BY r\.n$/,
    step: /ORDER BY$/,
    because: 'the runs of a submission are few',
  },
  {
    sql: /WHERE r\.submission IN \(SELECT value FROM json_each\(\?\)\) ORDER BY r\.n$/,
    step: /ORDER BY$/,
    because: 'the runs of fifty submissions are few',
  },
  {
    sql: /WHERE r\.submission IN \(SELECT value FROM json_each\(\?\)\) ORDER BY r\.submission, r\.n$/,
    step: /LAST TERM OF ORDER BY$/,
    because: 'the runs of a submission are few',
  },
  {
    sql: /WHERE c\.file_id = \? ORDER BY r\.submission, r\.n$/,
    step: /ORDER BY$/,
    because: 'a file has one current run for each extension',
  },
  {
    sql: /LIMIT 100\) AND r\.hidden IS NULL AND r\.status IN \(0, 3\) ORDER BY r\.n$/,
    step: /ORDER BY$/,
    because: 'few runs of the newest 100 submissions are unsettled',
  },
  { sql: /FROM alerts ORDER BY alert_id$/, step: /ORDER BY$/, because: 'at most a few for each extension' },
  {
    sql: /response IS NULL .* ORDER BY k\.claimed_at$/,
    step: /ORDER BY$/,
    because: 'few claims are in progress',
  },
  {
    sql: /FROM rejected_deliveries WHERE received_at >= \? GROUP BY cause, cause \|\| ''$/,
    step: /GROUP BY$/,
    because: 'eviction keeps them few',
  },
  {
    sql: /sum\(count\), NULL .* GROUP BY kind, extension, value/,
    step: /GROUP BY$/,
    because: 'they are the counters of at most 90 days and 48 hours',
  },
  {
    sql: /WITH asked AS MATERIALIZED \(SELECT n FROM submissions WHERE file_id = \?\)/,
    step: /ORDER BY$/,
    because: 'it is used only for a file with at most 1,000 submissions',
  },
  {
    sql: /^INSERT INTO hours/,
    step: /GROUP BY$/,
    because: 'at most 500 deltas are folded at a time, each of few hours',
  },
  {
    sql: /^SELECT n, chk FROM deliveries WHERE n IN \( SELECT settled_by/,
    step: /ORDER BY$/,
    because: 'these are the deliveries of fifty submissions',
  },
  {
    sql: /t\.retry_id = \? .* ORDER BY i\.n LIMIT \?$/,
    step: /ORDER BY$/,
    because: 'few items of a retry are not accepted',
  },
  {
    sql: /FROM submissions s INDEXED BY submissions_name /,
    step: /ORDER BY$/,
    because: 'it is used only if at most 3,000 names match',
  },
  {
    sql: /FROM submissions s INDEXED BY submissions_file .* s\.file_id = \?/,
    step: /ORDER BY$/,
    because: 'these are the runs of one file',
  },
  {
    sql: /FROM submissions s CROSS JOIN runs r INDEXED BY runs_submission .* s\.n = \?/,
    step: /ORDER BY$/,
    because: 'the runs of a submission are few',
  },
]

/** In ids, in place of the random bits. */
const CHECK = 'AAAAAAAAAAA'

/** The number of submissions with names that begin with `many-`: too many for a search to use the index of names. */
const NAMES = 3_100

/**
 * A store with rows to list, and all statements that it prepares. The submission `submissionId` has a failed run and a run `remove-bg`,
 * which is pending and overdue.
 */
async function openWatched() {
  const path = temporaryDatabasePath()
  mkdirSync(dirname(path))
  const connection = openConnection(path)
  migrateConnection(connection)
  connection.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${NAMES})
    INSERT INTO submissions (n, chk, kind, state, file_id, file_name, sets_description, created_at, updated_at, extensions)
    SELECT n, '${CHECK}', 0, 1, 'file-' || n, 'many-' || n, 0, 1, 1, '[]' FROM numbers`)
  const prepared = watchStatements(connection)
  const store = createSqliteStore(connection, { maxQueued: 100 })
  onTestFinished(() => store.close())
  const submissionId = await submit(store, ['remove-bg', 'ai-tasks'], { fileId: 'file-1' })
  await deliverResult(store, submissionId, 'ai-tasks', 'failed', { code: 'E1' })
  await withLease(store).sweepOverdue(1_000_000, 100_000)
  await submit(store, ['remove-bg'], { at: 950_000 })
  await store.keepRejected([newRejected()])
  return { connection, store, prepared, submissionId }
}

/** Every combination of one value from each list. */
function combinations<T extends { [name: string]: readonly unknown[] }>(values: T) {
  let all: { [name: string]: unknown }[] = [{}]
  for (const [name, each] of Object.entries(values))
    all = all.flatMap((one) => each.map((value) => ({ ...one, [name]: value })))
  return all as { [name in keyof T]: T[name][number] }[]
}

/**
 * Lists runs and deliveries with every combination of these filters, so that their statements are prepared. The statements for the
 * filter `exceptCauses` are not prepared.
 */
async function readAllLists(store: Store): Promise<void> {
  const page = { limit: 50, before: null }
  const runFilters = combinations({
    status: [null, 'pending', 'success', 'failed', 'expired'],
    extension: [null, 'remove-bg'],
    cause: [null, 'E1', 'other'],
    acknowledged: [null, true, false],
    contradicted: [null, true],
    since: [null, 1],
    until: [null, 3_600_000],
    q: [null, 'many-', 'few-', `run_1_${CHECK}`, `sub_1_${CHECK}`],
  } as const)
  for (const filter of runFilters) await store.listRuns({ ...EVERY_RUN, ...filter }, page)
  const deliveryFilters = combinations({
    outcome: [null, 'applied', 'duplicate', 'contradicted', 'ignored', 'rejected'],
    cause: [null, 'not_requested'],
    service: [null, 'remove-bg'],
    fileId: [null, 'file-1'],
    since: [null, 1],
    until: [null, 3_600_000],
  } as const)
  for (const filter of deliveryFilters) await store.listDeliveries({ ...EVERY_DELIVERY, ...filter }, page)
}

/** SQLite's query plans without statistics. No database of ours has any, because we never run ANALYZE on SQLite. */
function explain(connection: Connection, statements: Iterable<string>): Plan[] {
  return [...statements]
    .filter((sql) => !/^(PRAGMA|BEGIN|COMMIT|EXPLAIN)/.test(sql))
    .map((sql) => {
      const plan = connection.prepare<null[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      const params = Array<null>((sql.match(/\?/g) ?? []).length).fill(null)
      return { sql, steps: plan.all(...params).map(({ detail }) => detail) }
    })
}

/** The steps that match `pattern` and are not allowed, and the entries of `allowed` that no step needs. */
function findForbidden(plans: readonly Plan[], pattern: RegExp, allowed: readonly AllowedStep[]) {
  const unused = new Set(allowed)
  const forbidden = plans.flatMap(({ sql, steps }) =>
    steps
      .filter((step) => pattern.test(step))
      .filter((step) => {
        const matching = allowed.filter((one) => one.sql.test(sql) && one.step.test(step))
        for (const one of matching) unused.delete(one)
        return matching.length === 0
      })
      .map((step) => `${step}: ${sql}`),
  )
  return { forbidden, unused: [...unused].map(({ sql }) => sql.source) }
}

describe('the statements that a store prepares when it is opened, and for lists of runs and deliveries', () => {
  let explained: Promise<Plan[]> | undefined
  const explainAll = async () => {
    const { connection, store, prepared } = await openWatched()
    await readAllLists(store)
    return explain(connection, new Set(prepared))
  }

  test('scan no whole table or index, except the allowed ones, and create no temporary index', async () => {
    const plans = await (explained ??= explainAll())
    expect(plans.length).toBeGreaterThan(150)
    expect(findForbidden(plans, /^SCAN|AUTOMATIC/, SCANS)).toEqual({ forbidden: [], unused: [] })
  })

  test('sort only a small number of rows', async () => {
    const plans = await (explained ??= explainAll())
    expect(findForbidden(plans, /TEMP B-TREE/, SORTS)).toEqual({ forbidden: [], unused: [] })
  })
})

/*
 * What a plan shows when a statement reads a window, which is a range of row numbers (`store/list-pages.ts`), or the rows of a file.
 * SQLite shows `>?` for `>= ?`, too.
 */
const BY_NUMBER = 'INTEGER PRIMARY KEY (rowid>? AND rowid<?)'
const ATTENTION = 'INDEX runs_attention (attention=? AND n>? AND n<?)'
const OF_FILE = 'INDEX submissions_file (file_id=?)'

/** Lists, for each statement that the store prepares only for this list, the index that its plan uses first. */
async function listFirstIndexes(list: (store: Store) => Promise<unknown>): Promise<string[]> {
  const { connection, store, prepared } = await openWatched()
  const before = new Set(prepared)
  await list(store)
  const plans = explain(
    connection,
    [...prepared].filter((sql) => !before.has(sql)),
  )
  return plans.map(({ steps }) => (steps[0] ?? '').replace(/^SEARCH \w+ USING /, ''))
}

describe('a list of runs', () => {
  test.each([
    [{}, [BY_NUMBER]],
    [{ status: 'success' }, [BY_NUMBER]],
    [{ acknowledged: false }, [BY_NUMBER]],
    [{ since: 1 }, [BY_NUMBER]],
    [{ extension: 'remove-bg' }, ['INDEX runs_name (name=? AND n>? AND n<?)']],
    [{ extension: 'remove-bg', status: 'success' }, ['INDEX runs_name (name=? AND n>? AND n<?)']],
    [{ status: 'failed' }, [ATTENTION]],
    [{ status: 'expired', extension: 'remove-bg' }, [ATTENTION]],
    [{ cause: 'E1' }, [ATTENTION]],
    [{ cause: 'other', extension: 'remove-bg' }, [ATTENTION]],
    [{ acknowledged: true }, ['INDEX runs_acknowledged (n>? AND n<?)']],
    [{ contradicted: true }, ['INDEX runs_contradicted (n>? AND n<?)']],
    // Runs that the sweep has not passed yet are found by number or by extension. Of those that it has passed, the pending ones are overdue.
    [{ status: 'pending' }, [BY_NUMBER, 'INDEX runs_overdue (n>? AND n<?)']],
    [
      { status: 'pending', extension: 'remove-bg' },
      ['INDEX runs_name (name=? AND n>? AND n<?)', 'INDEX runs_overdue (n>? AND n<?)'],
    ],
    [{ q: 'few-' }, ['INDEX submissions_name (file_name>? AND file_name<?)', OF_FILE]],
    [{ q: 'few-', status: 'failed' }, ['INDEX submissions_name (file_name>? AND file_name<?)', OF_FILE]],
    [{ q: 'many-' }, [BY_NUMBER, OF_FILE]],
    [{ q: 'many-', status: 'failed' }, [ATTENTION, OF_FILE]],
  ] as const)(
    'filtered by %j reads only the rows of a window, or the matches of a name or an id: %j',
    async (filter, first) => {
      const list = (store: Store) => store.listRuns({ ...EVERY_RUN, ...filter }, { limit: 50, before: null })
      expect(await listFirstIndexes(list)).toEqual(first)
    },
  )

  test.each([
    ['run', 'INTEGER PRIMARY KEY (rowid=?)'],
    ['sub', 'INTEGER PRIMARY KEY (rowid=?)'],
  ])('filtered by an id of the form %s_… reads the row with its number', async (kind, first) => {
    const q = `${kind}_1_${CHECK}`
    const list = (store: Store) => store.listRuns({ ...EVERY_RUN, q }, { limit: 50, before: null })
    // The statement that searches by a run's or a submission's id is prepared last.
    expect((await listFirstIndexes(list)).at(-1)).toBe(first)
  })
})

describe('a list of deliveries', () => {
  const EXCEPTION = 'INDEX deliveries_exception (exception=? AND n>? AND n<?)'

  test.each([
    [{}, [BY_NUMBER]],
    [{ outcome: 'applied' }, [BY_NUMBER]],
    [{ service: 'remove-bg' }, [BY_NUMBER]],
    [{ until: 3_600_000 }, [BY_NUMBER]],
    [{ outcome: 'duplicate' }, [EXCEPTION]],
    [{ outcome: 'contradicted', service: 'remove-bg' }, [EXCEPTION]],
    [{ cause: 'not_requested' }, [EXCEPTION]],
    [{ fileId: 'file-1' }, ['INTEGER PRIMARY KEY (rowid=?)']],
    [{ fileId: 'file-1', outcome: 'ignored' }, ['INTEGER PRIMARY KEY (rowid=?)']],
    // Rejected deliveries are in a separate table, whose statement is prepared when the store is opened.
    [{ outcome: 'rejected' }, []],
  ] as const)(
    'filtered by %j reads only the rows of a window, or the deliveries of a file: %j',
    async (filter, first) => {
      const list = (store: Store) =>
        store.listDeliveries({ ...EVERY_DELIVERY, ...filter }, { limit: 50, before: null })
      expect(await listFirstIndexes(list)).toEqual(first)
    },
  )
})

/** The indexes in SQLite's schema, without those that SQLite creates by itself for keys. */
function readIndexes(connection: Connection) {
  return connection
    .prepare<[], { name: string; tbl: string; sql: string }>(
      "SELECT name, tbl_name AS tbl, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
    )
    .all()
}

describe('a webhook that reports a success', () => {
  test('changes no column that an index of runs contains or its condition uses, if its run is pending and not overdue', async () => {
    const { connection } = await openWatched()
    const ofRuns = readIndexes(connection).filter(({ tbl }) => tbl === 'runs')
    expect(ofRuns.length).toBeGreaterThanOrEqual(7)
    for (const { name, sql } of ofRuns)
      for (const column of SETTLED) expect(sql.replace(name, ''), name).not.toContain(column)
  })

  test('adds no index entry of deliveries, whose indexes are all partial; bodies and counter deltas have no index', async () => {
    const { connection, store, submissionId } = await openWatched()
    const ofDeliveries = readIndexes(connection).filter(({ tbl }) => tbl === 'deliveries')
    expect(ofDeliveries.length).toBeGreaterThanOrEqual(5)
    const conditions = ofDeliveries.map(({ sql }) => / WHERE (.*)$/.exec(sql)?.[1] ?? 'true')
    await deliverResult(store, submissionId, 'remove-bg', 'success')
    const [row] = connection
      .prepare(
        `SELECT ${conditions.map((condition) => `(${condition})`).join(' + ')} AS entries FROM deliveries ORDER BY n DESC`,
      )
      .all()
    expect(row).toEqual({ entries: 0 })
    const indexed = readIndexes(connection).filter(({ tbl }) =>
      ['delivery_bodies', 'counter_deltas'].includes(tbl),
    )
    expect(indexed).toEqual([])
  })

  test('updates one run, inserts one delivery, one body and one counter delta, and writes nothing else, if its submission is bound and has no caller to notify', async () => {
    const { connection, store } = await openWatched()
    const bound = await submit(store, ['remove-bg'], { fileId: 'file-1' })
    await store.applyResponse(bound, accepted({}, { fileId: 'file-1' }), 1_500)
    const changes = logChanges(connection)
    await deliverResult(store, bound, 'remove-bg', 'success')
    expect(changes()).toEqual([
      'INSERT counter_deltas',
      'INSERT deliveries',
      'INSERT delivery_bodies',
      'UPDATE runs',
    ])
  })

  test('shares the counter delta with the other webhooks of its batch, and writes its own run, delivery and body', async () => {
    const { connection, store } = await openWatched()
    const facts = { fileId: 'file-1' }
    const submitted = await Promise.all(Array.from({ length: 20 }, () => submit(store, ['remove-bg'], facts)))
    await Promise.all(
      submitted.map((one) => store.applyResponse(one, accepted({}, { fileId: 'file-1' }), 1_500)),
    )
    const changes = logChanges(connection)
    await Promise.all(submitted.map((one) => deliverResult(store, one, 'remove-bg', 'success')))
    const twenty = (change: string) => Array.from({ length: 20 }, () => change)
    expect(changes()).toEqual([
      'INSERT counter_deltas',
      ...twenty('INSERT deliveries'),
      ...twenty('INSERT delivery_bodies'),
      ...twenty('UPDATE runs'),
    ])
  })

  test('clears `due_at` and `overdue` if its run was overdue, and so removes it from their indexes', async () => {
    const { connection, store, submissionId } = await openWatched()
    const listOverdue = () =>
      connection.prepare('SELECT n FROM runs WHERE due_at IS NOT NULL OR overdue = 1').all()
    expect(listOverdue()).toHaveLength(1)
    const changes = logChanges(connection)
    await deliverResult(store, submissionId, 'remove-bg', 'success')
    expect(changes()).toContain('UPDATE runs: other columns')
    expect(listOverdue()).toEqual([])
  })

  test('also binds its submission to the file, if it is the first that names one', async () => {
    const { connection, store } = await openWatched()
    const unbound = await submit(store, ['remove-bg'])
    const changes = logChanges(connection)
    const reported = { service: 'remove-bg', status: 'success', fileId: 'file-new' } as const
    await store.recordDelivery(newDelivery(unbound, reported))
    expect(changes()).toEqual([
      'INSERT counter_deltas',
      'INSERT current_runs',
      'INSERT deliveries',
      'INSERT delivery_bodies',
      'UPDATE runs',
      'UPDATE runs: other columns',
      'UPDATE submissions',
    ])
  })
})

/** The columns that a success changes in a run that is pending, not overdue, and whose submission is bound to the file. */
const SETTLED = ['status', 'source', 'settled_at', 'updated_at', 'settled_by']

/** Logs each row that is written from now on. The returned function returns the log in alphabetical order. */
function logChanges(connection: Connection): () => string[] {
  const tables = connection
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'",
    )
    .pluck()
    .all()
  expect(tables.length).toBeGreaterThan(15)
  connection.exec('CREATE TEMP TABLE changes (what TEXT)')
  for (const table of tables)
    for (const what of ['INSERT', 'UPDATE', 'DELETE'])
      connection.exec(`CREATE TEMP TRIGGER ${what}_${table} AFTER ${what} ON main.${table}
        BEGIN INSERT INTO changes VALUES ('${what} ${table}'); END`)
  // Fires if a statement sets a column that is not in SETTLED, even to its old value: SQLite then rewrites the entries of its indexes.
  const others = connection
    .prepare<[], string>("SELECT name FROM pragma_table_info('runs')")
    .pluck()
    .all()
    .filter((column) => !SETTLED.includes(column))
  connection.exec(`CREATE TEMP TRIGGER others AFTER UPDATE OF ${others.join()} ON main.runs
    BEGIN INSERT INTO changes VALUES ('UPDATE runs: other columns'); END`)
  return () => connection.prepare<[], string>('SELECT what FROM temp.changes ORDER BY what').pluck().all()
}
