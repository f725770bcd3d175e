import { expect, onTestFinished, test, vi } from 'vitest'
import type { ChangedElsewhere } from '../../../src/domain/commit.ts'
import { keepListening } from '../../../src/store/postgres/listening.ts'
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts'
import type { StoreHandle } from '../../../src/store/store.ts'
import { startDatabaseProxy } from '../../chaos/postgres/database-proxy.ts'
import { submit } from '../../contract/store-calls.ts'
import { createTestDatabase, readRows, runSql, type TestDatabase } from '../../support/database.ts'

/** Opens a store as a separate process would. */
async function openProcess(database: TestDatabase & { listenUrl?: string }): Promise<StoreHandle> {
  const store = await openPostgresStore(database)
  onTestFinished(() => store.close())
  return store
}

/** Collects what the store reports about other processes in the returned list, which grows. */
function watchOthers(store: StoreHandle): ChangedElsewhere[] {
  const reported: ChangedElsewhere[] = []
  store.watchOtherCommits((changed) => reported.push(changed))
  return reported
}

test('`unknown` is reported every second, even if there is no other process and no notification', async () => {
  const reported = watchOthers(await openProcess(await createTestDatabase()))
  for (let count = 0; count < 3; count += 1) {
    await vi.waitFor(() => expect(reported).toEqual(['unknown']), { timeout: 2_000 })
    reported.length = 0
  }
})

test('a process whose listening connection hangs notifies others from its pool, and reports the fault until it has reconnected', async () => {
  const database = await createTestDatabase()
  const proxy = await startDatabaseProxy(Number(new URL(database.url).port))
  const reported = watchOthers(await openProcess(database))
  const hanging = await openProcess({ ...database, listenUrl: proxy.through(database.url) })
  const isReported = (submissionId: string) =>
    reported.some((changed) => changed !== 'unknown' && changed.submissionIds.includes(submissionId))
  const before = await submit(hanging, ['remove-bg'])
  await expect.poll(() => isReported(before)).toBe(true)
  expect(await hanging.findFeedFault()).toBeUndefined()
  proxy.hang()
  const after = await submit(hanging, ['remove-bg'])
  await expect.poll(() => isReported(after), { timeout: 4_000 }).toBe(true)
  await expect.poll(() => hanging.findFeedFault()).toBe('the connection was lost')
  proxy.forward()
  await expect.poll(() => hanging.findFeedFault()).toBeUndefined()
})

test('a DATABASE_LISTEN_URL that leads to another database is rejected, and the partitions of that database are kept', async () => {
  const [database, other] = [await createTestDatabase(), await createTestDatabase()]
  const listPartitions = `SELECT relname FROM pg_class WHERE relname LIKE 'delivery_bodies%' ORDER BY relname`
  await runSql(
    other,
    `CREATE TABLE delivery_bodies_20260101 PARTITION OF delivery_bodies FOR VALUES FROM ('2026-01-01') TO ('2026-01-02')`,
  )
  // The store drops old partitions through `listenUrl`, so it would drop them in the wrong database.
  const before = await readRows(other, listPartitions)
  await expect(openPostgresStore({ url: database.url, listenUrl: other.url })).rejects.toThrow(
    'DATABASE_LISTEN_URL: this is not the database of DATABASE_URL',
  )
  expect(await readRows(other, listPartitions)).toEqual(before)
})

test('a DATABASE_LISTEN_URL that cannot be used is named in the error', async () => {
  const database = await createTestDatabase()
  const unknownUser = new URL(database.url)
  unknownUser.username = 'nobody_here'
  await expect(openPostgresStore({ url: database.url, listenUrl: unknownUser.href })).rejects.toThrow(
    'DATABASE_LISTEN_URL: the database cannot be used',
  )
})

test('concurrent statements on the listening connection cause no warning from pg', async () => {
  const { url } = await createTestDatabase()
  const warnings: Error[] = []
  const record = (warning: Error) => warnings.push(warning)
  process.on('warning', record)
  onTestFinished(() => void process.off('warning', record))
  const listening = keepListening(url, { channel: 'c', applicationName: 'a', onNotification: () => {} })
  onTestFinished(() => listening.close())
  await expect.poll(() => listening.run('SELECT 1').then(() => 'connected')).toBe('connected')
  await Promise.all(Array.from({ length: 3 }, () => listening.run('SELECT 1')))
  expect(warnings).toEqual([])
})
