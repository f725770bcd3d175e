import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { causeOf } from '../../src/domain/failure-cause.ts'
import { openConnection } from '../../src/store/sqlite/connection.ts'
import { migrateConnection, migrateSqlite } from '../../src/store/sqlite/open-sqlite-store.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { newDelivery, newSubmission } from '../contract/builders.ts'
import { listEveryRun, submit } from '../contract/store-calls.ts'
import { withLease } from '../contract/with-lease.ts'
import { rejectRows } from '../support/database.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

function openStore() {
  const path = temporaryDatabasePath()
  migrateSqlite(path)
  const connection = openConnection(path)
  migrateConnection(connection)
  const store = createSqliteStore(connection, { maxQueued: 10_000 })
  onTestFinished(() => store.close())
  return { path, connection, store }
}

/** Checks that the counts match the runs, before and after all deltas are folded. */
async function expectExactCounts(store: Store): Promise<void> {
  await expectCounts(store)
  while (await withLease(store).foldCounters());
  await expectCounts(store)
}

/**
 * Checks that the present numbers of runs by group match the list of runs, and that the total of the counters `settled` is the number of
 * runs that are not pending.
 */
async function expectCounts(store: Store): Promise<void> {
  const counts = new Map<string, number>()
  for (const { run } of await listEveryRun(store, {}, { limit: 1_000 })) {
    const key = `${run.name} ${run.status} ${run.status === 'failed' ? causeOf(run.error) : ''}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const { groups, counters } = await store.readStats(0, 10)
  expect(
    new Map(groups.map(({ extension, status, cause, count }) => [`${extension} ${status} ${cause}`, count])),
  ).toEqual(counts)
  const settled = counters.filter(([, kind]) => kind === 'settled')
  const notPending = [...counts].filter(([key]) => !key.includes(' pending ')).map(([, count]) => count)
  const sum = (numbers: number[]) => numbers.reduce((total, count) => total + count, 0)
  expect(sum(settled.map(([, , , , count]) => count))).toBe(sum(notPending))
}

async function groupsOf(store: Store) {
  return (await store.readStats(0, 0)).groups
}

/** A delivery that reports a failure with this code. */
function newFailure(submissionId: string, code: string, facts: Parameters<typeof newDelivery>[2] = {}) {
  const result = { service: 'remove-bg', status: 'failed', fileId: null, error: { code } } as const
  return newDelivery(submissionId, result, { body: Buffer.alloc(10), ...facts })
}

test('A step that is rolled back is not counted', async () => {
  const { path, store } = openStore()
  const submissionIds = await Promise.all(Array.from({ length: 30 }, () => submit(store, ['remove-bg'])))
  const [first = '', ...others] = submissionIds
  await store.recordDelivery(newFailure(first, 'E-first'))
  await rejectRows({ url: `file:${path}` }, 'deliveries', 6_000)
  // Every third step fails after its run was written. The cause that it reports is also that of the next two steps.
  const settled = await Promise.allSettled(
    others.map((one, index) => {
      const facts = index % 3 === 0 ? { receivedAt: 6_000 } : {}
      return store.recordDelivery(newFailure(one, `E${Math.floor(index / 3)}`, facts))
    }),
  )
  expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(10)
  await expectExactCounts(store)
  const causes = (await groupsOf(store)).filter(({ status }) => status === 'failed')
  expect(causes.map(({ cause, count }) => [cause, count])).toContainEqual(['E4', 2])
})

test.each([
  ['rolled back half-way', "SELECT raise(ROLLBACK, 'lost')"],
  ['rejected by SQLite at its COMMIT', 'INSERT INTO strays VALUES (-1)'],
])('A transaction that is %s counts nothing, and the next one counts correctly', async (_, fault) => {
  const { connection, store } = openStore()
  const submissionIds = await Promise.all(Array.from({ length: 12 }, () => submit(store, ['remove-bg'])))
  const deliveries = submissionIds.map((one, index) =>
    newFailure(one, `E${index % 4}`, index === 7 ? { receivedAt: 6_000 } : {}),
  )
  // With the table `strays`, COMMIT checks the reference, and fails.
  connection.exec(`
    CREATE TABLE strays (submission REFERENCES submissions (n) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER fault AFTER INSERT ON deliveries
    WHEN new.received_at = 6000 BEGIN ${fault}; END`)
  const settled = await Promise.allSettled(deliveries.map((one) => store.recordDelivery(one)))
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true)
  expect(await groupsOf(store)).toMatchObject([{ status: 'pending', count: 12 }])
  await expectExactCounts(store)

  connection.exec('DROP TRIGGER fault')
  await Promise.all(deliveries.toReversed().map((one) => store.recordDelivery(one)))
  await expectExactCounts(store)
  expect(await groupsOf(store)).toHaveLength(4)
})

test('If the counter deltas cannot be written, nothing is, and everything can be written later', async () => {
  const { connection, store } = openStore()
  const submissions = Array.from({ length: 5 }, () => newSubmission(['remove-bg']))
  connection.exec("CREATE TRIGGER fault AFTER INSERT ON counter_deltas BEGIN SELECT raise(ABORT, 'no'); END")
  const settled = await Promise.allSettled(submissions.map((one) => store.createSubmission(one)))
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true)
  expect(await listEveryRun(store)).toEqual([])
  connection.exec('DROP TRIGGER fault')
  await Promise.all(submissions.map((one) => store.createSubmission(one)))
  await expectExactCounts(store)
})

test('Deltas that cannot be folded are counted anyway, and folded later', async () => {
  const { connection, store } = openStore()
  const submissionIds = await Promise.all(Array.from({ length: 5 }, () => submit(store, ['remove-bg'])))
  for (const one of submissionIds) await store.recordDelivery(newFailure(one, 'E1'))
  const before = await store.readStats(0, 10)
  for (const step of ['INSERT ON counters', 'INSERT ON hours', 'DELETE ON counter_deltas']) {
    connection.exec(`CREATE TRIGGER fault AFTER ${step} BEGIN SELECT raise(ABORT, 'no'); END`)
    await expect(withLease(store).foldCounters()).rejects.toThrow('no')
    connection.exec('DROP TRIGGER fault')
    expect(await store.readStats(0, 10)).toEqual(before)
    expect(connection.prepare('SELECT count(*) FROM counters').pluck().get()).toBe(0)
  }
  await expectExactCounts(store)
  expect(connection.prepare('SELECT count(*) FROM counter_deltas').pluck().get()).toBe(0)
})

test('The number of deltas folded at a time is limited', async () => {
  const { connection, store } = openStore()
  const submissionId = await submit(store, ['remove-bg'])
  await withLease(store).foldCounters()
  // The hour -1 is that of the present numbers of runs. Their changes add up to 0.
  connection.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1100)
    INSERT INTO counter_deltas (delta) SELECT json_object(
      'counters', json('[[-1,"runs","remove-bg","pending open ",' || iif(n % 2 = 0, 1, -1) || '],[3,"failed","remove-bg","E' || n || '",1]]'),
      'hours', json('[[3,' || n || ',' || n || ',null,null]]')) FROM numbers`)
  const before = await store.readStats(0, 10)
  const countDeltas = () =>
    connection.prepare<[], number>('SELECT count(*) FROM counter_deltas').pluck().get()
  const folded: [isMore: boolean, remaining: number | undefined][] = []
  for (let isMore = true; isMore; ) {
    isMore = await withLease(store).foldCounters()
    folded.push([isMore, countDeltas()])
    expect(await store.readStats(0, 10)).toEqual(before)
  }
  // At most 500 at a time.
  expect(folded).toEqual([
    [true, 600],
    [true, 100],
    [false, 0],
  ])
  expect(connection.prepare('SELECT * FROM hours WHERE hour = 3').get()).toMatchObject({
    first_run: 1,
    last_run: 1_100,
    first_delivery: null,
  })
  await store.recordDelivery(newFailure(submissionId, 'E1'))
  expect(await groupsOf(store)).toMatchObject([{ status: 'failed', count: 1 }])
})

test('Fewer deltas are folded at a time if they change many counters', async () => {
  const { connection, store } = openStore()
  connection.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50),
      names (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM names WHERE n < 100)
    INSERT INTO counter_deltas (delta) SELECT json_object('hours', json('[]'), 'counters', (
      SELECT json_group_array(json_array(-1, 'runs', 'extension-' || names.n, 'pending open ', 1)) FROM names)) FROM numbers`)
  const before = await store.readStats(0, 10)
  expect(before.groups).toHaveLength(100)
  const remaining: unknown[] = []
  for (let isMore = true; isMore; ) {
    isMore = await withLease(store).foldCounters()
    remaining.push(connection.prepare('SELECT count(*) FROM counter_deltas').pluck().get())
    expect(await store.readStats(0, 10)).toEqual(before)
  }
  // At most 2,000 changes at a time, and each delta has a hundred.
  expect(remaining).toEqual([30, 10, 0])
})

test('While the disk is full or another process locks the file, the counts match the runs', async () => {
  const { path, connection, store } = openStore()
  const submissionIds = await Promise.all(Array.from({ length: 60 }, () => submit(store, ['remove-bg'])))
  const pages = Number(connection.pragma('page_count', { simple: true }))
  // SQLite fails as if the disk were full when the file would have more pages.
  connection.pragma(`max_page_count = ${pages + 60}`)
  const deliveries = submissionIds.map((one, index) =>
    newFailure(one, `E${index % 7}`, { body: Buffer.alloc(20_000) }),
  )
  const results: PromiseSettledResult<unknown>[] = []
  for (const one of deliveries) results.push(...(await Promise.allSettled([store.recordDelivery(one)])))
  expect(new Set(results.map(({ status }) => status)).size).toBe(2)
  await expectExactCounts(store)

  // The default of SQLite.
  connection.pragma('max_page_count = 4294967294')
  const other = new Database(path)
  onTestFinished(() => {
    other.close()
  })
  other.exec('BEGIN IMMEDIATE')
  await Promise.allSettled(deliveries.map((one) => store.recordDelivery(one)))
  other.exec('ROLLBACK')
  await expectExactCounts(store)
  await Promise.allSettled(deliveries.map((one) => store.recordDelivery(one)))
  await expectExactCounts(store)
  expect((await groupsOf(store)).every(({ status }) => status === 'failed')).toBe(true)
})
