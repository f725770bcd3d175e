import { expect, onTestFinished, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts'
import { newDelivery, unaccepted } from '../../contract/builders.ts'
import { submit } from '../../contract/store-calls.ts'
import { withLease } from '../../contract/with-lease.ts'
import { createTestDatabase, readCells, runSql, type TestDatabase } from '../../support/database.ts'

async function openStore() {
  const database = await createTestDatabase()
  const store = await openPostgresStore({ ...database, maxQueued: 10_000 })
  onTestFinished(() => store.close())
  return { database, store }
}

/**
 * Counts the writes of one kind to a table from now on. The returned function resolves with `rows`, the number of rows that all
 * transactions have written, and with `statements`, the largest number of statements in one transaction.
 */
async function countWrites(database: TestDatabase, event: 'INSERT' | 'UPDATE' | 'DELETE', table: string) {
  const name = `${event}_${table}`
  const rows = event === 'DELETE' ? 'OLD' : 'NEW'
  await runSql(
    database,
    `CREATE TABLE ${name}_count (transaction bigint, rows bigint);
     CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       INSERT INTO ${name}_count SELECT txid_current(), count(*) FROM written; RETURN NULL; END $$;
     CREATE TRIGGER ${name} AFTER ${event} ON ${table} REFERENCING ${rows} TABLE AS written
       FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
  )
  return async () => {
    const [count] = await readCells(
      database,
      `SELECT max(statements)::int AS statements, sum(rows)::int AS rows
        FROM (SELECT count(*) AS statements, sum(rows) AS rows FROM ${name}_count GROUP BY transaction) AS transactions`,
    )
    return count
  }
}

test('a batch writes the current runs of all its submissions with one statement', async () => {
  const { database, store } = await openStore()
  const countInserts = await countWrites(database, 'INSERT', 'current_runs')
  const submitted = await Promise.all(
    Array.from({ length: 20 }, () => submit(store, ['remove-bg', 'ai-tasks'])),
  )
  await Promise.all(
    submitted.map((id, index) =>
      store.recordDelivery(
        newDelivery(id, { service: 'remove-bg', status: 'success', fileId: `file-${index}` }),
      ),
    ),
  )
  expect(await countInserts()).toEqual({ statements: 1, rows: 40 })
})

test('a batch deletes the current runs of all its rejected submissions with one statement', async () => {
  const { database, store } = await openStore()
  const submitted = await Promise.all(
    Array.from({ length: 20 }, (_, index) => submit(store, ['remove-bg'], { fileId: `file-${index}` })),
  )
  const countDeletes = await countWrites(database, 'DELETE', 'current_runs')
  await Promise.all(submitted.map((id) => store.applyResponse(id, unaccepted('rejected'), 2_000)))
  expect(await countDeletes()).toEqual({ statements: 1, rows: 20 })
})

test('a step of the sweep marks all its runs with one statement', async () => {
  const { database, store } = await openStore()
  await Promise.all(Array.from({ length: 20 }, () => submit(store, ['remove-bg', 'ai-tasks'], { at: 1_000 })))
  const countUpdates = await countWrites(database, 'UPDATE', 'runs')
  await withLease(store).sweepOverdue(100_000, 0)
  expect(await countUpdates()).toEqual({ statements: 1, rows: 40 })
})

test('folding adds all counters to `counters`, and the row numbers of all hours to `hours`, with one INSERT each', async () => {
  const { database, store } = await openStore()
  for (let hour = 0; hour < 5; hour += 1)
    await submit(store, ['remove-bg', 'ai-tasks'], { at: hour * 3_600_000 })
  const countCounters = await countWrites(database, 'INSERT', 'counters')
  const countHours = await countWrites(database, 'INSERT', 'hours')
  await withLease(store).foldCounters()
  // One counter of pending runs for each extension. Runs are counted by hour only once they are no longer pending.
  expect(await countCounters()).toEqual({ statements: 1, rows: 2 })
  expect(await countHours()).toEqual({ statements: 1, rows: 5 })
})

test('thousands of submissions about the same files are recorded on a database without statistics', async () => {
  const { store } = await openStore()
  // Prepared statements may keep the plans that PostgreSQL made while the tables were almost empty.
  for (const count of [1_400, 2_600])
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        submit(store, [['remove-bg', 'ai-tasks'][index % 2] ?? ''], { fileId: `file-${index % 97}` }),
      ),
    )
  expect((await store.findAsset('file-0'))?.runs).toHaveLength(2)
})
