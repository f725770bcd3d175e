import { expect, onTestFinished, test } from 'vitest'
import { EVERY_RUN } from '../../src/domain/run-filter.ts'
import { openConnection } from '../../src/store/sqlite/connection.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { acknowledgeMatching } from '../../src/tracking/operators/acknowledge-matching.ts'
import { previewRetry } from '../../src/tracking/operators/retry-runs.ts'
import { listEveryPage } from '../contract/operator-facts.ts'
import { temporaryDatabase } from './sqlite-folder.ts'

const RUNS = 90_000
const OLD = 6_000

/** So many runs, of which only the oldest are of files called `old-…`; every fifth of those has failed. One file has the id `old-`. */
async function openFull() {
  const path = temporaryDatabase()
  await openSqliteStore({ path }).close()
  const connection = openConnection(path)
  connection.exec(`
    INSERT INTO run_groups VALUES (1, 'remove-bg', 'success', 0, '', ${RUNS - OLD / 5});
    INSERT INTO run_groups VALUES (2, 'remove-bg', 'failed', 0, 'E1', ${OLD / 5});
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${RUNS})
    INSERT INTO submissions (seq, submission_id, kind, state, file_id, file_name, extensions, created_at, updated_at)
    SELECT n, 'submission-' || n, 'upload', 'accepted', iif(n = 80000, 'old-', NULL), iif(n <= ${OLD}, 'old-', 'new-') || n, '[]', n, n FROM numbers;
    INSERT INTO runs
      (seq, run_id, submission_seq, name, status, source, attempt, requested_at, updated_at, contradicted, error, group_id)
    SELECT seq, 'run-' || seq, seq, 'remove-bg', iif(seq <= ${OLD} AND seq % 5 = 0, 'failed', 'success'), 'webhook', 1,
      seq, seq, 0, iif(seq <= ${OLD} AND seq % 5 = 0, '{"code":"E1"}', NULL), iif(seq <= ${OLD} AND seq % 5 = 0, 2, 1)
    FROM submissions;`)
  connection.close()
  const store = openSqliteStore({ path })
  onTestFinished(() => store.close())
  return store
}

test('A search for one of thousands of names looks at so many runs for a page and no more, and misses none', async () => {
  const store = await openFull()
  let pages = 0
  const between = async () => {
    pages += 1
  }
  const found = await listEveryPage(store, { q: 'old-' }, { limit: 500, between })
  expect(found.map(({ run }) => run.runId)).toEqual([
    'run-80000',
    ...Array.from({ length: OLD }, (_, index) => `run-${OLD - index}`),
  ])
  const filter = { extension: null, cause: null, since: null, until: null, acknowledged: null }
  const first = await store.listRuns({ ...filter, status: null, q: 'old-' }, { limit: 50, before: null })
  expect(first.runs).toMatchObject([{ run: { runId: 'run-80000' } }])
  expect(first.next).toBeGreaterThan(OLD)
  expect(pages).toBeLessThan(OLD / 500 + 3)

  // Where few runs are in question all of them are looked at together.
  const failed = await store.listRuns({ ...filter, status: 'failed', q: 'old-' }, { limit: 50, before: null })
  expect(failed.runs).toHaveLength(50)
  expect(await listEveryPage(store, { status: 'failed', q: 'OLD-' })).toHaveLength(OLD / 5)
})

test('What is done to all that match reaches as many, though the first pages of them are short or empty', async () => {
  const store = await openFull()
  const filter = { ...EVERY_RUN, status: 'success', q: 'old-' } as const
  expect((await store.listRuns(filter, { limit: 250, before: null })).runs).toHaveLength(1)
  expect(await previewRetry({ store }, { filter, limit: 250 })).toMatchObject({ total: 250 })

  const request = { filter, note: null, actor: 'operator', limit: 250 }
  expect(await acknowledgeMatching({ store, clock: () => 1 }, request)).toBe(250)
  const rest = await previewRetry({ store }, { filter: { ...filter, acknowledged: true }, limit: 1_000 })
  expect(rest).toMatchObject({ total: 250 })
})
