import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { newDelivery } from '../contract/facts.ts'
import { listEveryPage } from '../contract/operator-facts.ts'
import { temporaryDatabase } from './sqlite-folder.ts'

const FOLDER = fileURLToPath(new URL('../../drizzle/sqlite', import.meta.url))

/** A database as the first release of the schema left it. */
function openFirst(path: string): Database.Database {
  mkdirSync(dirname(path))
  const first = new Database(path)
  first.exec(readFileSync(`${FOLDER}/0000_initial.sql`, 'utf8'))
  const [migration] = readMigrationFiles({ migrationsFolder: FOLDER })
  first.exec('CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text, created_at numeric)')
  first
    .prepare('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)')
    .run(migration?.hash, migration?.folderMillis)
  return first
}

/** Three submissions, of which the second was rejected, as the first release wrote them. */
function fillFirst(first: Database.Database): void {
  const submissions = { 1: 'accepted', 2: 'rejected', 3: 'unconfirmed' }
  for (const [seq, state] of Object.entries(submissions))
    first
      .prepare(
        `INSERT INTO submissions (seq, submission_id, kind, state, file_id, extensions, created_at, updated_at)
         VALUES (?, ?, 'upload', ?, 'file-1', '[{"name":"remove-bg"}]', 1, 1)`,
      )
      .run(seq, `submission-${seq}`, state)
  const runs = [
    [1, 'remove-bg', 'pending', 7_000],
    [1, 'ai-tasks', 'success', 7_000],
    [2, 'remove-bg', 'pending', 7_000],
    [3, 'remove-bg', 'pending', 6_000],
  ]
  for (const [index, run] of runs.entries())
    first
      .prepare(
        `INSERT INTO runs (run_id, submission_seq, name, status, source, attempt, requested_at, updated_at, contradicted)
         VALUES (?, ?, ?, ?, 'request', 1, ?, 1, 0)`,
      )
      .run(`run-${index}`, ...run)
}

test('What was pending before runs had a due time is due, and nothing is believed of its description', async () => {
  const path = temporaryDatabase()
  const first = openFirst(path)
  fillFirst(first)
  first.close()

  const store = openSqliteStore({ path })
  onTestFinished(() => store.close())
  const due = await store.listDue(7_000, 10)
  expect(due.map(({ run }) => run.runId)).toEqual(['run-3', 'run-0'])
  expect(due).toMatchObject([
    { run: { evidence: null }, submission: { setsDescription: true } },
    { run: { evidence: null }, submission: { setsDescription: true } },
  ])
  expect(await store.listDue(6_999, 10)).toHaveLength(1)
})

test('What was written before there were groups is listed and counted; what was rejected is not, until it is proved', async () => {
  const path = temporaryDatabase()
  const first = openFirst(path)
  fillFirst(first)
  first.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2509)
    INSERT INTO submissions (seq, submission_id, kind, state, extensions, created_at, updated_at)
    SELECT n, 'more-' || n, 'upload', 'accepted', '[]', 1, 1 FROM numbers;
    INSERT INTO runs
      (run_id, submission_seq, name, status, source, attempt, requested_at, settled_at, updated_at, contradicted, error)
    SELECT submission_id, seq, 'remove-bg', 'failed', 'webhook', 1, 8000, 9000, 9000, 0, '{"code":"E1"}'
    FROM submissions WHERE seq >= 10;`)
  first.close()

  const store = openSqliteStore({ path })
  onTestFinished(() => store.close())
  const listed = (await listEveryPage(store, {}, { limit: 900 })).map(({ run }) => run.runId)
  expect(listed).toHaveLength(2_503)
  expect(listed.slice(-3)).toEqual(['run-3', 'run-1', 'run-0'])
  expect(await listEveryPage(store, { extension: 'remove-bg', status: 'pending' })).toHaveLength(2)
  expect(await listEveryPage(store, { cause: 'E1', since: 8_000, until: 8_001 })).toHaveLength(2_500)
  const sizes = (await store.listRunGroups()).map(({ size }) => size)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2_503)
  const failed = (await store.sumTallies(0, 10)).filter(({ kind }) => kind === 'failed')
  expect(failed.reduce((sum, { size }) => sum + size, 0)).toBe(2_500)

  await store.recordDelivery(
    newDelivery('submission-2', { service: 'remove-bg', status: 'success', fileId: null }),
  )
  expect(await listEveryPage(store, { since: 7_000, until: 7_001, status: 'success' })).toMatchObject([
    { run: { runId: 'run-2' } },
    { run: { runId: 'run-1' } },
  ])
})
