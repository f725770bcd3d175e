import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts'
import { STATUS } from '../../../src/store/sql/codes.ts'
import { newDelivery, newSubmission } from '../../contract/builders.ts'
import { submit } from '../../contract/store-calls.ts'
import { withLease } from '../../contract/with-lease.ts'
import { createTestDatabase, readCells, readRows, runSql, type TestDatabase } from '../../support/database.ts'

async function openStore() {
  const database = await createTestDatabase()
  const store = await openPostgresStore(database)
  onTestFinished(() => store.close())
  return { database, store }
}

/** Runs these PL/pgSQL statements after each inserted delivery: immediately, or at the commit. Resolves with a function that stops this. */
async function runAfterDelivery(database: TestDatabase, statements: string, when: 'at once' | 'at commit') {
  const trigger = when === 'at once' ? 'TRIGGER' : 'CONSTRAINT TRIGGER'
  const deferred = when === 'at once' ? '' : 'DEFERRABLE INITIALLY DEFERRED'
  await runSql(
    database,
    `CREATE FUNCTION after_delivery() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${statements}; RETURN NULL; END $$;
     CREATE ${trigger} after_delivery AFTER INSERT ON deliveries ${deferred} FOR EACH ROW EXECUTE FUNCTION after_delivery()`,
  )
  return () => runSql(database, 'DROP TRIGGER after_delivery ON deliveries')
}

const SUCCESS = { service: 'remove-bg', status: 'success' } as const

test('if the COMMIT of a batch fails, no step is acknowledged and nothing is written', async () => {
  const { database, store } = await openStore()
  const submissionId = await submit(store, ['remove-bg'])
  const restore = await runAfterDelivery(database, "RAISE EXCEPTION 'rejected by the test'", 'at commit')
  const commits: unknown[] = []
  store.watchCommits((commit) => commits.push(commit))
  const deliver = () => store.recordDelivery(newDelivery(submissionId, SUCCESS))
  const settled = await Promise.allSettled([deliver(), deliver(), deliver()])
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(commits).toEqual([])
  expect(await readRows(database, 'SELECT status FROM runs')).toEqual([{ status: 'pending' }])
  expect(await readRows(database, 'SELECT * FROM deliveries')).toEqual([])
  await restore()
  expect(await deliver()).toMatchObject({ outcome: 'applied' })
})

test('a step is not acknowledged if the connection ends during its COMMIT, and the next step uses another connection', async () => {
  const { database, store } = await openStore()
  const submissionId = await submit(store, ['remove-bg'])
  const restore = await runAfterDelivery(
    database,
    'PERFORM pg_terminate_backend(pg_backend_pid())',
    'at commit',
  )
  const deliver = () => store.recordDelivery(newDelivery(submissionId, SUCCESS))
  await expect(deliver()).rejects.toMatchObject({ code: 'store_unavailable', mayBeCommitted: true })
  expect(await readRows(database, 'SELECT * FROM deliveries')).toEqual([])
  await restore()
  expect(await deliver()).toMatchObject({ outcome: 'applied' })
})

test('a transaction cannot stay idle for more than 5 seconds, and its statements and its waits for locks are limited, too', async () => {
  const { database, store } = await openStore()
  await runSql(database, 'CREATE TABLE seen (idle text, statement text, lock text)')
  const settings = ['idle_in_transaction_session_timeout', 'statement_timeout', 'lock_timeout']
  const current = settings.map((name) => `current_setting('${name}')`).join(', ')
  await runAfterDelivery(database, `INSERT INTO seen SELECT ${current}`, 'at once')
  const submissionId = await submit(store, ['remove-bg'])
  await store.recordDelivery(newDelivery(submissionId, SUCCESS))
  const [seen] = await readCells(database, 'SELECT * FROM seen')
  expect(seen).toMatchObject({ idle: '5s' })
  // `0` would be no limit.
  expect(Object.values(seen ?? {})).not.toContain('0')
})

test('a write to a table that another client keeps locked fails with store_unavailable, and succeeds once the table is free', {
  timeout: 60_000,
}, async () => {
  const { database, store } = await openStore()
  const other = new Client(database.url)
  await other.connect()
  onTestFinished(() => other.end())
  await other.query('BEGIN; LOCK TABLE submissions')
  const create = () => store.createSubmission(newSubmission(['remove-bg']))
  await expect(create()).rejects.toMatchObject({ code: 'store_unavailable', mayBeCommitted: false })
  await other.query('ROLLBACK')
  expect(await create()).toMatchObject({ submissionId: expect.any(String) })
})

/**
 * Reads the number of deadlocks so far. A connection may report its statistics only when it ends, so this waits until all others have
 * ended.
 */
async function countDeadlocks(database: TestDatabase): Promise<unknown> {
  const others = 'datname = current_database() AND pid <> pg_backend_pid()'
  await expect.poll(() => readRows(database, `SELECT pid FROM pg_stat_activity WHERE ${others}`)).toEqual([])
  await runSql(database, 'SELECT pg_stat_clear_snapshot()')
  return readRows(database, 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()')
}

test('webhooks of the same submissions cause no deadlock if two processes record them in opposite order', async () => {
  const database = await createTestDatabase()
  const before = await countDeadlocks(database)
  const open = () => openPostgresStore(database)
  const [one, two] = [await open(), await open()]
  for (let round = 0; round < 20; round += 1) {
    const [first = '', second = ''] = await Promise.all(
      [one, two].map((store) => submit(store, ['remove-bg'])),
    )
    const deliver = (store: typeof one, submissionId: string, service: string) => {
      const fileId = `${submissionId === first ? 'first' : 'second'}-${round}`
      return store.recordDelivery(newDelivery(submissionId, { service, status: 'success', fileId }))
    }
    const recorded = await Promise.all([
      deliver(one, first, 'ai-tasks'),
      deliver(one, second, 'remove-bg'),
      deliver(two, second, 'ai-tasks'),
      deliver(two, first, 'remove-bg'),
    ])
    // Nobody requested ai-tasks.
    expect(recorded.map(({ outcome }) => outcome)).toEqual(['ignored', 'applied', 'ignored', 'applied'])
  }
  for (const store of [one, two]) await store.close()
  expect(await countDeadlocks(database)).toEqual(before)
})

test('statements are prepared again after another version of the program has altered their table', async () => {
  const { database, store } = await openStore()
  const submissionId = await submit(store, ['remove-bg'])
  const deliver = () => store.recordDelivery(newDelivery(submissionId, SUCCESS))
  expect(await deliver()).toMatchObject({ outcome: 'applied' })
  await runSql(database, 'ALTER TABLE runs ALTER COLUMN attempt TYPE numeric')
  // On each connection that has prepared them, the first use after the change fails.
  await expect.poll(() => deliver().catch((error: unknown) => error)).toMatchObject({ outcome: 'duplicate' })
  expect(await store.findSubmission(submissionId)).toMatchObject({ submission: { submissionId } })
})

test('the sweep does not mark a run that is settled after the sweep has read it', async () => {
  const { database, store } = await openStore()
  await submit(store, ['remove-bg', 'ai-tasks'], { at: 1_000 })
  const other = new Client(database.url)
  await other.connect()
  onTestFinished(() => other.end())
  await other.query(`BEGIN; UPDATE runs SET status = ${STATUS.to.success} WHERE name = 'remove-bg'`)
  const swept = withLease(store).sweepOverdue(100_000, 0)
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await expect.poll(() => readCells(database, waiting)).toHaveLength(1)
  await other.query('COMMIT')
  await swept
  expect(await readCells(database, 'SELECT name FROM runs WHERE overdue = 1')).toEqual([{ name: 'ai-tasks' }])
  expect(await readCells(database, 'SELECT name FROM runs WHERE due_at IS NOT NULL')).toEqual([
    { name: 'ai-tasks' },
  ])
})
