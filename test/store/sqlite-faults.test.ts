import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openConnection } from '../../src/store/sqlite/connection.ts'
import { migrateConnection, migrateSqlite } from '../../src/store/sqlite/open-sqlite-store.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { anAuditEntry, newDelivery, newSubmission } from '../contract/builders.ts'
import { listEveryRun, submit } from '../contract/store-calls.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

/** SQLite's default. With a lower `max_page_count`, SQLite fails as if the disk were full when the file would have more pages. */
const LARGEST_PAGE_COUNT = 4_294_967_294

function openStore() {
  const path = temporaryDatabasePath()
  migrateSqlite(path)
  const connection = openConnection(path)
  migrateConnection(connection)
  const store = createSqliteStore(connection, { maxQueued: 1_000 })
  onTestFinished(() => store.close())
  return { path, connection, store }
}

describe('if the disk or the file fails', () => {
  test('a full disk is reported and leaves nothing half-written, and the store continues once there is room', async () => {
    const { connection, store } = openStore()
    const submissionIds: string[] = []
    while (submissionIds.length < 60) submissionIds.push(await submit(store, ['remove-bg']))
    const result = { service: 'remove-bg', status: 'success' } as const
    const deliver = (submissionId: string) =>
      store.recordDelivery(newDelivery(submissionId, result, { body: Buffer.alloc(20_000) }))
    const pages = Number(connection.pragma('page_count', { simple: true }))
    connection.pragma(`max_page_count = ${pages + 40}`)

    const settled: PromiseSettledResult<unknown>[] = []
    for (const submissionId of submissionIds.slice(0, 30))
      settled.push(...(await Promise.allSettled([deliver(submissionId)])))
    settled.push(...(await Promise.allSettled(submissionIds.slice(30).map(deliver))))
    const rejected = settled.filter(({ status }) => status === 'rejected')
    expect(rejected.length).toBeGreaterThan(0)
    expect(rejected.length).toBeLessThan(submissionIds.length)
    for (const rejection of rejected)
      expect(rejection).toMatchObject({ reason: { code: 'store_unavailable' } })
    for (const [index, submissionId] of submissionIds.entries()) {
      const found = await store.findSubmission(submissionId)
      const isApplied = settled[index]?.status === 'fulfilled'
      expect(found?.runs[0]?.status).toBe(isApplied ? 'success' : 'pending')
    }

    connection.pragma(`max_page_count = ${LARGEST_PAGE_COUNT}`)
    const repeated = await Promise.all(submissionIds.map(deliver))
    expect(repeated.map(({ outcome }) => outcome)).toEqual(
      settled.map(({ status }) => (status === 'fulfilled' ? 'duplicate' : 'applied')),
    )
  })

  test('a probe fails on a full disk, and succeeds once there is room', async () => {
    const { connection, store } = openStore()
    const pages = Number(connection.pragma('page_count', { simple: true }))
    connection.pragma(`max_page_count = ${pages}`)
    await expect(store.probe()).rejects.toMatchObject({ code: 'store_unavailable' })
    connection.pragma(`max_page_count = ${LARGEST_PAGE_COUNT}`)
    await store.probe()
  })

  test('while another process locks the file for writing, a whole batch is rejected and leaves nothing', async () => {
    const { path, store } = openStore()
    const other = new Database(path)
    onTestFinished(() => {
      other.close()
    })
    const submissions = Array.from({ length: 10 }, () => newSubmission(['remove-bg']))
    other.exec('BEGIN IMMEDIATE')
    const settled = await Promise.allSettled(
      submissions.map((submission) => store.createSubmission(submission)),
    )
    other.exec('ROLLBACK')

    for (const rejection of settled)
      expect(rejection).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } })
    expect(await listEveryRun(store)).toEqual([])
    await Promise.all(submissions.map((submission) => store.createSubmission(submission)))
  })

  test('a file that stays locked is waited for only once, so the process is not blocked by each write', async () => {
    const { path, connection, store } = openStore()
    const busyTimeout = () => connection.pragma('busy_timeout', { simple: true })
    const other = new Database(path)
    onTestFinished(() => {
      other.close()
    })
    other.exec('BEGIN IMMEDIATE')
    const startedAt = performance.now()
    for (let count = 0; count < 20; count++)
      await expect(store.probe()).rejects.toMatchObject({ code: 'store_unavailable' })
    // It would take 5 s if each of the twenty probes waited for 250 ms.
    expect(performance.now() - startedAt).toBeLessThan(2_500)
    expect(busyTimeout()).toBe(0)
    other.exec('ROLLBACK')
    await store.probe()
    expect(busyTimeout()).toBe(250)
  })

  test.each([
    // SQLite itself does this on some failures, for example when the disk is full.
    ['whose transaction is rolled back half-way', "SELECT raise(ROLLBACK, 'lost')"],
    // COMMIT checks this reference, fails, and leaves the transaction open.
    ['whose commit fails', 'INSERT INTO strays VALUES (-1)'],
  ])('a batch %s is rejected completely, and the next one is committed', async (_, fault) => {
    const { connection, store } = openStore()
    const submissions = Array.from({ length: 10 }, (_, index) =>
      newSubmission(['remove-bg'], index === 1 ? { at: 7_000 } : {}),
    )
    connection.exec(`
      CREATE TABLE strays (submission REFERENCES submissions (n) DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER fault AFTER INSERT ON submissions
      WHEN new.created_at = 7000 BEGIN ${fault}; END`)
    const settled = await Promise.allSettled(
      submissions.map((submission) => store.createSubmission(submission)),
    )

    for (const rejection of settled)
      expect(rejection).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } })
    expect(await listEveryRun(store)).toEqual([])
    connection.exec('DROP TRIGGER fault')
    await Promise.all(submissions.map((submission) => store.createSubmission(submission)))
  })

  test('forgetting an asset fails if the write-ahead log cannot be emptied, and empties it when repeated', async () => {
    const { path, connection, store } = openStore()
    await store.createSubmission(newSubmission(['remove-bg'], { fileId: 'file-1' }))
    const pragma = connection.pragma.bind(connection)
    connection.pragma = (source, options) => {
      if (!source.startsWith('wal_checkpoint')) return pragma(source, options)
      connection.pragma = pragma
      throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR')
    }
    const forget = () => store.forgetAsset('file-1', anAuditEntry({ kind: 'forget' }))
    await expect(forget()).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await store.findAsset('file-1')).toBeUndefined()
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0)
    // The asset is no longer known.
    expect(await forget()).toBe(false)
    expect(statSync(`${path}-wal`).size).toBe(0)
  })
})

test('the database rejects a second run of the same extension in a submission', async () => {
  const { connection, store } = openStore()
  await submit(store, ['remove-bg'])
  const insertCopy = (name: string) =>
    connection
      .prepare(
        `INSERT INTO runs (chk, submission, name, attempt, requested_at, status, source, settled_at, updated_at, settled_by, bound_to)
         SELECT chk, submission, ?, attempt, requested_at, status, source, settled_at, updated_at, settled_by, bound_to FROM runs LIMIT 1`,
      )
      .run(name)
  expect(() => insertCopy('remove-bg')).toThrow(/UNIQUE/)
  insertCopy('ai-tasks')
})
