import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { openConnection } from '../../src/store/sqlite/connection.ts'
import { migrateConnection, migrateSqlite } from '../../src/store/sqlite/open-sqlite-store.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { newDelivery, newRejected } from '../contract/builders.ts'
import { submit } from '../contract/store-calls.ts'
import { countCommits } from './count-commits.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

const MIB = 1024 * 1024

function openStore(options: { maxQueued?: number } = {}) {
  const path = temporaryDatabasePath()
  migrateSqlite(path)
  const connection = openConnection(path)
  migrateConnection(connection)
  const store = createSqliteStore(connection, { maxQueued: 1_000, ...options })
  onTestFinished(() => store.close())
  return { path, connection, store }
}

test('Rejected deliveries are stored outside the queue, in a separate transaction', async () => {
  const { path, store } = openStore({ maxQueued: 5 })
  await store.probe()
  const before = countCommits(path)
  const steps = Array.from({ length: 5 }, () => store.probe())
  await store.keepRejected(Array.from({ length: 50 }, () => newRejected()))
  await Promise.all(steps)
  // The steps, which fill the queue, share one transaction; the rejected deliveries have another.
  expect(countCommits(path) - before).toBe(2)
})

test('If the disk is too full for rejected deliveries, queued steps are still committed', async () => {
  const { connection, store } = openStore()
  const submissionId = await submit(store, ['remove-bg'])
  const pages = Number(connection.pragma('page_count', { simple: true }))
  // SQLite fails as if the disk were full when the file would have more pages.
  connection.pragma(`max_page_count = ${pages + 20}`)
  const rejected = newRejected({ body: Buffer.alloc(MIB) })
  const [delivered, kept] = await Promise.allSettled([
    store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status: 'success' })),
    store.keepRejected([newRejected(), rejected]),
  ])
  expect(delivered).toMatchObject({ status: 'fulfilled', value: { outcome: 'applied' } })
  expect(kept).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } })
  expect(connection.inTransaction).toBe(false)
  expect(connection.prepare('SELECT count(*) FROM rejected_deliveries').pluck().get()).toBe(0)

  // The default of SQLite.
  connection.pragma('max_page_count = 4294967294')
  const [deliveryId = ''] = await store.keepRejected([rejected])
  const found = await store.findRejected(deliveryId)
  // The bodies are compared as texts, because comparing a megabyte byte by byte is slow.
  expect({ ...found, body: found?.body.toString('hex') }).toEqual({
    ...rejected,
    deliveryId,
    body: rejected.body.toString('hex'),
  })
})

test('Rejected deliveries cannot be stored while another process locks the file, but can be once it is unlocked', async () => {
  const { path, store } = openStore()
  const other = new Database(path)
  onTestFinished(() => {
    other.close()
  })
  other.exec('BEGIN IMMEDIATE')
  await expect(store.keepRejected([newRejected()])).rejects.toMatchObject({ code: 'store_unavailable' })
  other.exec('ROLLBACK')
  await store.keepRejected([newRejected()])
})

test('During a flood of rejected deliveries, the file stops growing, because the oldest ones are evicted', async () => {
  const { connection, store } = openStore()
  const countPages = () => Number(connection.pragma('page_count', { simple: true }))
  const flood = async () => {
    for (let count = 0; count < 20; count++)
      await store.keepRejected(
        Array.from({ length: 5 }, () => newRejected({ body: Buffer.alloc(MIB, count) })),
      )
  }
  await flood()
  const full = countPages()
  await flood()
  expect(countPages()).toBeLessThanOrEqual(full * 1.01)
  // At most 64 MiB of bodies without a valid token are stored. A page has 4,096 bytes.
  expect(full * 4096).toBeLessThan(80 * MIB)
})
