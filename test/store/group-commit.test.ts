import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../src/store/sqlite/open-sqlite-store.ts'
import { accepted, FILE_ID, newDelivery, newSubmission } from '../contract/builders.ts'
import { submit } from '../contract/store-calls.ts'
import { countCommits } from './count-commits.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

function openStore(options: Omit<SqliteStoreOptions, 'path'> = {}) {
  const path = temporaryDatabasePath()
  const store = openSqliteStore({ path, ...options })
  onTestFinished(() => store.close())
  return { path, store }
}

describe('group commit', () => {
  test('steps that are queued together share one transaction', async () => {
    const { path, store } = openStore()
    const before = countCommits(path)
    await Promise.all(Array.from({ length: 200 }, () => store.createSubmission(newSubmission(['remove-bg']))))
    expect(countCommits(path) - before).toBe(1)
  })

  test('a step that is queued after the commit of another has its own transaction', async () => {
    const { path, store } = openStore()
    const before = countCommits(path)
    for (let count = 0; count < 5; count++) await store.createSubmission(newSubmission(['remove-bg']))
    expect(countCommits(path) - before).toBe(5)
  })

  test('more steps than fit into a batch are committed in several transactions', async () => {
    const { path, store } = openStore()
    const before = countCommits(path)
    // A batch has at most 1000 steps.
    await Promise.all(Array.from({ length: 2_500 }, () => store.probe()))
    expect(countCommits(path) - before).toBe(3)
  })

  test('waits while more steps are pending, and no longer', async () => {
    const endTick = () => new Promise((resolve) => setImmediate(resolve))
    let hasPending = true
    const { path, store } = openStore({ hasPending: () => hasPending, maxWaitMs: 60_000 })
    const before = countCommits(path)
    const first = store.probe()
    await endTick()
    await endTick()
    const late = store.probe()
    expect(countCommits(path) - before).toBe(0)
    hasPending = false
    await Promise.all([first, late])
    expect(countCommits(path) - before).toBe(1)
  })

  test('does not wait for more once the queue is a quarter full', async () => {
    const { store } = openStore({ maxQueued: 300, hasPending: () => true, maxWaitMs: 60_000 })
    const probes: Promise<void>[] = []
    // The 75th of at most 300 queued steps ends the wait, which would otherwise last a minute.
    for (let tick = 0; tick < 60; tick++) {
      for (let count = 0; count < 10; count++) probes.push(store.probe())
      await new Promise((resolve) => setImmediate(resolve))
    }
    // These end the wait of the steps that are still queued.
    for (let count = 0; count < 75; count++) probes.push(store.probe())
    await Promise.all(probes)
  })

  test('does not wait for more once a quarter of the maximum bytes is queued', async () => {
    const { path, store } = openStore({ maxQueuedBytes: 4_000, hasPending: () => true, maxWaitMs: 60_000 })
    const before = countCommits(path)
    const submitted = submit(store, ['remove-bg'])
    // No submission has this id, but the bytes of the delivery count while it is queued: they are a quarter of the maximum.
    const delivery = newDelivery('nowhere', { service: 'remove-bg', status: 'success' })
    await Promise.all([submitted, store.recordDelivery({ ...delivery, body: Buffer.alloc(1_000) })])
    expect(countCommits(path) - before).toBe(1)
  })

  test('commits a step even if more steps are always pending', async () => {
    const { store } = openStore({ hasPending: () => true })
    await store.probe()
  })

  test('a step resolves only when other connections can read its effect', async () => {
    const { path, store } = openStore()
    const other = new Database(path, { readonly: true })
    onTestFinished(() => {
      other.close()
    })
    const findRow = other.prepare("SELECT 1 FROM deliveries WHERE 'dlv_' || n || '_' || chk = ?")
    const submissionId = await submit(store, ['remove-bg'])
    const deliver = async () => {
      const delivery = newDelivery(submissionId, { service: 'remove-bg', status: 'success' })
      return findRow.get((await store.recordDelivery(delivery)).deliveryId)
    }
    const rows = await Promise.all(Array.from({ length: 50 }, deliver))
    expect(rows.every((row) => row !== undefined)).toBe(true)
  })

  test('rejects steps while the queue is full, and accepts steps again once it is empty', async () => {
    const { store } = openStore({ maxQueued: 5 })
    const settled = await Promise.allSettled(Array.from({ length: 8 }, () => store.probe()))
    expect(settled.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 5 }, () => 'fulfilled'),
      ...Array.from({ length: 3 }, () => 'rejected'),
    ])
    expect(settled[5]).toMatchObject({ reason: { code: 'overloaded' } })
    await store.probe()
  })

  test('rejects a delivery that would exceed the maximum bytes, but not a step without bytes', async () => {
    const { store } = openStore({ maxQueuedBytes: 2_500 })
    const submissionId = await submit(store, ['remove-bg'])
    const deliver = () => {
      const delivery = newDelivery(submissionId, { service: 'remove-bg', status: 'success' })
      return store.recordDelivery({ ...delivery, body: Buffer.alloc(1_000) })
    }
    // The third delivery would exceed the maximum. The probe counts no bytes.
    const settled = await Promise.allSettled([deliver(), deliver(), deliver(), store.probe()])
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(settled[2]).toMatchObject({ reason: { code: 'overloaded' } })
    await deliver()
  })

  test('stores a delivery exactly once if another delivery in its batch cannot be written', async () => {
    const { path, store } = openStore()
    const submissionId = await submit(store, ['remove-bg', 'ai-tasks'], { fileId: FILE_ID })
    await store.applyResponse(submissionId, accepted({}), 1_500)
    const other = new Database(path)
    other.exec(
      `CREATE TRIGGER fault BEFORE UPDATE ON runs WHEN new.name = 'ai-tasks' BEGIN SELECT raise(ABORT, 'no'); END`,
    )
    other.close()
    const settled = await Promise.allSettled(
      ['remove-bg', 'ai-tasks'].map((service) =>
        store.recordDelivery(newDelivery(submissionId, { service, status: 'success' })),
      ),
    )
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    const page = await store.listDeliveries(EVERY_DELIVERY, { limit: 10, before: null })
    expect(page.deliveries.map(({ service, outcome }) => [service, outcome])).toEqual([
      ['remove-bg', 'applied'],
    ])
  })
})
