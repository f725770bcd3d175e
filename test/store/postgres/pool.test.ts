import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { EVERY_DELIVERY } from '../../../src/domain/listed-delivery.ts'
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts'
import { createPool, type Pool } from '../../../src/store/postgres/pool.ts'
import { prepared } from '../../../src/store/postgres/prepared.ts'
import { createReads } from '../../../src/store/postgres/reads.ts'
import { createTestDatabase, readCells, runSql, type TestDatabase } from '../../support/database.ts'

const SELECT_ONE = prepared('SELECT 1')
const READ_RUNS = prepared('SELECT n FROM runs')
/** Reads the limits of the session or transaction; `0` is no limit. */
const READ_LIMITS = prepared("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")

function openPool(...options: Parameters<typeof createPool>): Pool {
  const pool = createPool(...options)
  onTestFinished(() => pool.close())
  return pool
}

const readOne = (pool: Pool) => pool.use((session) => session.rows(SELECT_ONE))

/** Takes a connection of the pool, and keeps it until the returned function is called. */
async function hold(pool: Pool): Promise<() => void> {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await new Promise<void>((resolve, reject) => {
    const use = pool.use(async (session) => {
      await session.rows(SELECT_ONE)
      resolve()
      await released
    })
    use.catch(reject)
  })
  return release
}

/** Locks a table, as a migration does, until the returned function is called. */
async function lock({ url }: TestDatabase, table: string): Promise<() => Promise<unknown>> {
  const other = new Client(url)
  await other.connect()
  onTestFinished(() => other.end())
  await other.query(`BEGIN; LOCK TABLE ${table}`)
  return () => other.query('ROLLBACK')
}

test('a caller that waits too long for a connection of the pool is rejected, and the pool still serves later callers', async () => {
  const pool = openPool((await createTestDatabase()).url, 1)
  const release = await hold(pool)
  await expect(readOne(pool)).rejects.toThrow('timeout exceeded when trying to connect')
  expect(pool.fault()).toBeUndefined()
  release()
  expect(await readOne(pool)).toEqual([[1]])
})

test('if the server rejects further connections, callers wait for the existing one', async () => {
  const database = await createTestDatabase()
  const role = `few_${new URL(database.url).pathname.slice(1)}`
  await runSql(database, `CREATE ROLE ${role} LOGIN PASSWORD 'few' CONNECTION LIMIT 1`)
  onTestFinished(() => runSql(database, `DROP ROLE ${role}`))
  const pool = openPool(Object.assign(new URL(database.url), { username: role, password: 'few' }).href, 4)
  const release = await hold(pool)
  const waiting = Array.from({ length: 4 }, () => readOne(pool))
  release()
  expect(await Promise.all(waiting)).toEqual(Array.from({ length: 4 }, () => [[1]]))
  expect(pool.fault()).toBeUndefined()
})

test('the server ends list queries that wait for a lock, and statuses can still be read', {
  timeout: 30_000,
}, async () => {
  const database = await createTestDatabase()
  const store = await openPostgresStore(database)
  onTestFinished(() => store.close())
  const unlock = await lock(database, 'deliveries')
  const list = () => store.listDeliveries(EVERY_DELIVERY, { limit: 10, before: null })
  const listed = Array.from({ length: 8 }, list)
  for (const { status } of await Promise.allSettled(listed)) expect(status).toBe('rejected')
  await expect(list()).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(await store.findAsset('file-1')).toBeUndefined()
  expect(
    await readCells(
      database,
      "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    ),
  ).toEqual([])
  await unlock()
  expect(await list()).toMatchObject({ deliveries: [] })
})

test('after a status read has timed out, the server limits later status reads as it does other reads', async () => {
  const database = await createTestDatabase()
  const pool = openPool(database.url, 2, { queryTimeoutMs: 300 })
  const { readStatus } = createReads(pool)
  const readLimits = () => readStatus((session) => session.rows(READ_LIMITS))
  expect(await readLimits()).toEqual([['0', '0']])
  const unlock = await lock(database, 'runs')
  await expect(readStatus((session) => session.rows(READ_RUNS))).rejects.toMatchObject({
    code: 'store_unavailable',
  })
  // The client's timeout counts as an outage until the pool has reached the server again.
  await expect.poll(() => pool.fault()).toBeUndefined()
  expect(await readLimits()).toEqual([['4s', '2s']])
  await unlock()
})

test('the limits of a read do not stay on its connection', async () => {
  const pool = openPool((await createTestDatabase()).url, 1)
  const { read } = createReads(pool)
  expect(await read((session) => session.rows(READ_LIMITS))).toEqual([['4s', '2s']])
  expect(await pool.use((session) => session.rows(READ_LIMITS))).toEqual([['0', '0']])
})
