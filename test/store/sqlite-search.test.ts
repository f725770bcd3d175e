import { describe, expect, onTestFinished, test } from 'vitest'
import { EVERY_RUN } from '../../src/domain/run-filter.ts'
import { type Connection, openConnection } from '../../src/store/sqlite/connection.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { acknowledgeMatching } from '../../src/tracking/operators/acknowledge-runs.ts'
import { previewRetry } from '../../src/tracking/operators/retry-runs.ts'
import { listEveryRun, submitWithRuns } from '../contract/store-calls.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

const RUNS = 90_000
const OLD_RUNS = 6_000
/** In ids, in place of the random bits. */
const CHECK = 'AAAAAAAAAAA'

const idOf = (n: number) => `run_${n}_${CHECK}`

/**
 * A store with `RUNS` runs. The oldest `OLD_RUNS` have file names `old-…`, the others `new-…`. Every fifth of the oldest has failed; all
 * other runs have succeeded. Run 88,000 is about a file with the id `old-`.
 */
async function openFull(prepare: (connection: Connection) => void = () => {}) {
  const path = temporaryDatabasePath()
  await openSqliteStore({ path }).close()
  const connection = openConnection(path)
  connection.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${RUNS})
    INSERT INTO submissions
      (n, chk, kind, state, file_id, file_name, sets_description, created_at, updated_at, extensions)
    SELECT n, '${CHECK}', 0, 1, iif(n = 88000, 'old-', NULL), iif(n <= ${OLD_RUNS}, 'old-', 'new-') || n, 0, n, n, '[]' FROM numbers;
    INSERT INTO runs (n, chk, submission, name, attempt, requested_at, status, source, settled_at, updated_at, settled_by, bound_to)
    SELECT n, chk, n, 'remove-bg', 1, n, 1, 2, n, n, -n, coalesce(file_id, '') FROM submissions;
    UPDATE runs SET status = 2, attention = 1, cause = 'E1', failed_at = n, error = '{"code":"E1"}' WHERE n <= ${OLD_RUNS} AND n % 5 = 0`)
  prepare(connection)
  const store = createSqliteStore(connection, { maxQueued: 1_000 })
  onTestFinished(() => store.close())
  return store
}

/** Delays each statement that lists runs by this many milliseconds, each time it is run. */
function slowDown(connection: Connection, delay: number): void {
  const prepare = connection.prepare.bind(connection)
  connection.prepare = ((sql: string) => {
    const statement = prepare(sql)
    if (!sql.includes('ORDER BY r.n DESC')) return statement
    const all = statement.all.bind(statement)
    statement.all = (...params) => {
      const until = performance.now() + delay
      while (performance.now() < until);
      return all(...params)
    }
    return statement
  }) as Connection['prepare']
}

test('A search that matches thousands of names finds each once, newest first, on full pages', async () => {
  const store = await openFull()
  let pages = 1
  const between = async () => {
    pages += 1
  }
  const found = await listEveryRun(store, { q: 'old-' }, { limit: 500, between })
  expect(found.map(({ run }) => run.runId)).toEqual([
    idOf(88_000),
    ...Array.from({ length: OLD_RUNS }, (_, index) => idOf(OLD_RUNS - index)),
  ])
  expect(pages).toBe(Math.ceil((OLD_RUNS + 1) / 500))

  const failed = await store.listRuns(
    { ...EVERY_RUN, status: 'failed', q: 'old-' },
    { limit: 50, before: null },
  )
  expect(failed.runs).toHaveLength(50)
  expect(await listEveryRun(store, { status: 'failed', q: 'OLD-' })).toHaveLength(OLD_RUNS / 5)
})

test('A page that takes too long ends with the runs found so far, and the next page continues from there', async () => {
  const store = await openFull((connection) => slowDown(connection, 60))
  const first = await store.listRuns({ ...EVERY_RUN, q: 'old-' }, { limit: 50, before: null })
  expect(first.runs).toMatchObject([{ run: { runId: idOf(88_000) } }])
  expect(first.next).toBeGreaterThan(OLD_RUNS)
  const found = await listEveryRun(store, { q: 'old-', extension: 'remove-bg' }, { limit: 3_000 })
  expect(found.map(({ run }) => run.runId)).toEqual([
    idOf(88_000),
    ...Array.from({ length: OLD_RUNS }, (_, index) => idOf(OLD_RUNS - index)),
  ])
})

test('An action on all matching runs reaches the requested number, although the first pages are short or empty', async () => {
  const store = await openFull((connection) => slowDown(connection, 60))
  const filter = { ...EVERY_RUN, status: 'success', q: 'old-' } as const
  // The first page has only run 88,000, because it ends before it reaches the names `old-…`.
  expect((await store.listRuns(filter, { limit: 250, before: null })).runs).toHaveLength(1)
  expect(await previewRetry({ store }, { filter, limit: 250 })).toMatchObject({ total: 250 })

  const request = { filter, note: null, actor: 'operator', limit: 250 }
  expect(await acknowledgeMatching({ store, clock: () => 1 }, request)).toBe(250)
  const rest = await previewRetry({ store }, { filter: { ...filter, acknowledged: true }, limit: 1_000 })
  expect(rest).toMatchObject({ total: 250 })
})

test('Writes are committed while a long list is read', async () => {
  const store = await openFull((connection) => slowDown(connection, 40))
  let isRead = false
  const reading = listEveryRun(store, { q: 'old-', status: 'success' }, { limit: 4_000 }).finally(() => {
    isRead = true
  })
  let probes = 0
  while (!isRead) {
    await store.probe()
    probes += 1
  }
  expect(await reading).toHaveLength(OLD_RUNS - OLD_RUNS / 5 + 1)
  // A write can be committed between two windows (the ranges of runs that one statement reads). If the list were read all at once, at
  // most two writes would be committed.
  expect(probes).toBeGreaterThan(2)
})

describe('a search', () => {
  /** A search text, a file name, and whether the search finds it. */
  const SEARCHES = [
    ['cAT.P', 'Cat.png', true],
    ['Cat.png', 'cat.png', true],
    ['cat.png2', 'Cat.png', false],
    ['at', 'Cat.png', false],
    ['\u00e4', '\u00c4pfel', false],
    ['\u00c4', '\u00c4pfel', true],
    ['%', 'cat', false],
    ['%', '%cat', true],
    ['_', 'cat', false],
    // The Kelvin sign, whose lower case is k.
    ['k', '\u212Aelvin', false],
    ['x', null, false],
    ['', 'anything', true],
    ['\u{1F600}', '\u{1F600}.png', true],
  ] as const

  // Up to 3,000 matching names are found by the index of names. If there are more, the names of all runs are compared.
  test.each([
    ['few', 0],
    ['many', 3_100],
  ])('among %s names finds those with the prefix, ignoring only the case of A to Z', async (_, more) => {
    for (const [q, fileName, isFound] of SEARCHES) {
      const path = temporaryDatabasePath()
      await openSqliteStore({ path }).close()
      const connection = openConnection(path)
      // These submissions match, but have no runs that could be found.
      connection
        .prepare(
          `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
            INSERT INTO submissions
              (chk, kind, state, file_name, sets_description, created_at, updated_at, extensions)
            SELECT '${CHECK}', 0, 1, ? || n, 0, n, n, '[]' FROM numbers WHERE ? > 0`,
        )
        .run(more, q, more)
      const store = createSqliteStore(connection, { maxQueued: 10 })
      const { runId } = await submitWithRuns(store, ['remove-bg'], { fileName })
      const found = await listEveryRun(store, { q })
      expect(
        found.map(({ run }) => run.runId),
        `${q} in ${fileName}`,
      ).toEqual(isFound ? [runId] : [])
      await store.close()
    }
  })

  test('finds runs by the complete id of a run, a submission or a file, exactly as it is written', async () => {
    const path = temporaryDatabasePath()
    const store = openSqliteStore({ path })
    onTestFinished(() => store.close())
    const { runId, submissionId } = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-1' })
    for (const id of [runId, submissionId, 'file-1']) {
      expect(await listEveryRun(store, { q: id })).toHaveLength(1)
      for (const other of [id.toUpperCase(), id.slice(0, -1), `${id} `])
        expect(await listEveryRun(store, { q: other })).toEqual([])
    }
  })
})
