import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { numberOf } from '../../src/domain/ids.ts'
import type { Overrides } from '../../src/service.ts'
import { openConnection } from '../../src/store/sqlite/connection.ts'
import { migrateSqlite } from '../../src/store/sqlite/open-sqlite-store.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { checksOf } from '../support/operator.ts'
import { databaseIn, pathOf } from '../support/sqlite-database.ts'
import {
  ADMIN_KEY,
  API_KEY,
  type RunningTracker,
  startTracker,
  temporaryDirectory,
} from '../support/tracker.ts'
import { deliver, movedTo, register, statusOf } from '../support/webhooks.ts'
import { startAlerting } from './alerting.ts'
import { openEvents } from './status-server.ts'

const FILES = ['tracker.db', 'tracker.db-wal', 'tracker.db-shm']

/** Registers a direct upload. Returns a function that sends its webhook, by default to the same tracker. */
async function prepareWebhook(tracker: RunningTracker, fileId: string) {
  const { webhookUrl } = await register(tracker, ['remove-bg'], fileId)
  const body = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId } }
  return (receiver = tracker) => deliver(movedTo(receiver, webhookUrl), body)
}

/** Starts a tracker, which acknowledges one webhook. Each of the two functions in `due` sends another, to this tracker by default. */
async function start(overrides: Overrides = {}) {
  const directory = join(temporaryDirectory(), 'data')
  mkdirSync(directory)
  const tracker = await startTracker({}, overrides, databaseIn(directory))
  const send = await prepareWebhook(tracker, 'before')
  expect(await send()).toMatchObject({ status: 200, json: { outcome: 'applied' } })
  const due = [await prepareWebhook(tracker, 'first'), await prepareWebhook(tracker, 'second')] as const
  return { tracker, directory, path: join(directory, 'tracker.db'), due }
}

/** Expects that the webhook which `send` sends is not acknowledged, and that the response, /readyz and doctor give the reason. */
async function expectUnavailable(
  tracker: RunningTracker,
  send: () => ReturnType<typeof deliver>,
  reason: string,
  remedy: RegExp,
) {
  const response = await send()
  expect(response).toMatchObject({ status: 503, json: { code: 'store_unavailable' } })
  expect(response.headers.get('retry-after')).toBe('5')
  const detail = `${reason} The service accepts no writes.`
  await expect
    .poll(async () => (await fetch(`${tracker.url}/readyz`)).json())
    .toMatchObject({
      status: 503,
      code: 'store_unavailable',
      detail: expect.stringContaining(`${detail} Unavailable since`),
    })
  expect(response.json).toMatchObject({ detail })
  expect((await fetch(`${tracker.url}/healthz`)).status).toBe(200)
  const [check] = await checksOf(tracker, 'database')
  expect(check).toMatchObject({ level: 'fail', remedy: expect.stringMatching(remedy) })
  expect(JSON.stringify(check)).toContain(reason)
}

async function forget(tracker: RunningTracker, fileId: string): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  return (await tracker.fetch(`/assets/${fileId}`, { method: 'DELETE', headers })).status
}

function move(from: string, to: string, names: readonly string[] = FILES) {
  mkdirSync(to, { recursive: true })
  for (const name of names) renameSync(join(from, name), join(to, name))
}

const MISSING = 'The database file is no longer at its path.'
const REPLACED = 'Another file is at the path of the database.'
const TRUNCATED = 'The database file was truncated.'
const LOG_TRUNCATED = 'The write-ahead log of the database was truncated.'

test('after the database was deleted nothing is acknowledged, and a backup still contains everything from before', async () => {
  const { tracker, directory, path, due } = await start()
  for (const name of FILES) rmSync(join(directory, name))
  await expectUnavailable(tracker, due[0], MISSING, /extension-tracker backup FILE/)
  expect((await statusOf(tracker, 'before')).status).toBe('success')

  const backup = await tracker.fetch('/backup', {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  })
  expect(backup.status).toBe(200)
  writeFileSync(path, Buffer.from(await backup.arrayBuffer()))
  await expectUnavailable(tracker, due[0], REPLACED, /original file/)

  const restarted = await tracker.restart()
  expect((await statusOf(restarted, 'before')).status).toBe('success')
  expect(await due[0](restarted)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
})

test('a service whose database is moved away and back continues without a restart', async () => {
  const { tracker, directory, due } = await start()
  move(directory, join(directory, 'away'))
  await expectUnavailable(tracker, due[0], MISSING, /Put the file back/)
  move(join(directory, 'away'), directory)
  await expect.poll(async () => (await fetch(`${tracker.url}/readyz`)).status).toBe(200)
  for (const send of due) expect((await send()).status).toBe(200)
  for (const fileId of ['before', 'first', 'second'])
    expect((await statusOf(tracker, fileId)).status).toBe('success')
})

test.each([
  ['an empty file', (path: string) => writeFileSync(path, '')],
  [
    'an empty database',
    (path: string) => {
      const empty = new Database(path)
      empty.pragma('journal_mode = WAL')
      empty.close()
    },
  ],
  ['an older copy', (path: string) => renameSync(`${path}-copy`, path)],
])('%s at the path of the database is never used', async (_, replace) => {
  const { tracker, directory, path, due } = await start()
  copyFileSync(path, `${path}-copy`)
  move(directory, join(directory, 'away'))
  replace(path)
  const content = readFileSync(path)
  await expectUnavailable(tracker, due[0], REPLACED, /original file/)
  expect(readFileSync(path)).toEqual(content)

  rmSync(path)
  move(join(directory, 'away'), directory)
  expect(await due[0]()).toMatchObject({ status: 200 })
  const restarted = await tracker.restart()
  for (const fileId of ['before', 'first']) expect((await statusOf(restarted, fileId)).status).toBe('success')
})

test('after a truncation nothing is acknowledged until a restart, even if the content is back', async () => {
  const { tracker, directory, path, due } = await start()
  const copies = temporaryDirectory()
  for (const name of FILES) copyFileSync(join(directory, name), join(copies, name))
  truncateSync(path)
  await expectUnavailable(tracker, due[0], TRUNCATED, /restore a backup/)
  writeFileSync(path, readFileSync(join(copies, 'tracker.db')))
  await expectUnavailable(tracker, due[0], TRUNCATED, /restore a backup/)

  await tracker.service.stop()
  for (const name of FILES) copyFileSync(join(copies, name), join(directory, name))
  const restarted = await tracker.restart()
  expect((await statusOf(restarted, 'before')).status).toBe('success')
  expect(await due[0](restarted)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
})

test.each([
  ['tracker.db', TRUNCATED],
  ['tracker.db-wal', LOG_TRUNCATED],
])(
  'a truncation of %s during a transaction is detected, although the commit would restore the old size of the file',
  async (name, reason) => {
    const directory = temporaryDirectory()
    const { store, connection, after } = openInterruptedStore(directory)
    // Makes each commit copy the log into the database file, which would restore the old size of that file.
    if (name === 'tracker.db') connection.pragma('wal_autocheckpoint = 1')
    const tracker = await startTracker({}, { store }, databaseIn(directory))
    const send = await prepareWebhook(tracker, 'file-1')
    after('BEGIN IMMEDIATE', () => truncateSync(join(directory, name)))
    await expectUnavailable(tracker, send, reason, /restore a backup/i)
  },
)

test.each([
  ['to nothing', (log: string) => truncateSync(log)],
  ['to some of its frames', (log: string) => truncateSync(log, 50_000)],
  ['by a write', (log: string) => writeFileSync(log, '')],
])(
  'after the write-ahead log was truncated %s, nothing is acknowledged until a restart',
  async (_, truncate) => {
    const { tracker, directory, path, due } = await start()
    const copies = temporaryDirectory()
    for (const name of FILES) copyFileSync(join(directory, name), join(copies, name))
    truncate(`${path}-wal`)
    await expectUnavailable(tracker, due[0], LOG_TRUNCATED, /SIGKILL.*restore a backup/i)
    writeFileSync(`${path}-wal`, readFileSync(join(copies, 'tracker.db-wal')))
    await expectUnavailable(tracker, due[1], LOG_TRUNCATED, /SIGKILL/)

    await tracker.service.stop()
    for (const name of FILES) copyFileSync(join(copies, name), join(directory, name))
    const restarted = await tracker.restart()
    expect((await statusOf(restarted, 'before')).status).toBe('success')
    expect(await due[0](restarted)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
  },
)

test('a truncation of the write-ahead log is detected even if a checkpoint has emptied the log before', async () => {
  const { tracker, path, due } = await start()
  // After an asset was forgotten, a checkpoint empties the log.
  expect(await forget(tracker, 'before')).toBe(204)
  expect(statSync(`${path}-wal`).size).toBe(0)
  expect(await due[0]()).toMatchObject({ status: 200, json: { outcome: 'applied' } })
  truncateSync(`${path}-wal`)
  await expectUnavailable(tracker, due[1], LOG_TRUNCATED, /SIGKILL/)
})

test('forgetting an asset does not hide that the database file was truncated', async () => {
  const { tracker, path, due } = await start()
  expect(await forget(tracker, 'before')).toBe(204)
  // This submission is only in the write-ahead log, so a checkpoint would make the truncated file grow again.
  await prepareWebhook(tracker, 'file-1')
  truncateSync(path)
  // To forget an asset that was forgotten before would empty the log again; to forget an unknown one would not.
  for (const fileId of ['unknown', 'before']) {
    await forget(tracker, fileId)
    expect(statSync(path).size).toBe(0)
  }
  await expectUnavailable(tracker, due[0], TRUNCATED, /restore a backup/)
})

test('forgetting an unknown asset does not empty the write-ahead log', async () => {
  const { tracker, path } = await start()
  const { size } = statSync(`${path}-wal`)
  expect(await forget(tracker, 'unknown')).toBe(404)
  // Jobs may append to the log meanwhile.
  expect(statSync(`${path}-wal`).size).toBeGreaterThanOrEqual(size)
})

test('after the write-ahead log was deleted nothing is acknowledged, and a stop saves the log into the database', async () => {
  const { tracker, path, due } = await start()
  rmSync(`${path}-wal`)
  await expectUnavailable(
    tracker,
    due[0],
    'The write-ahead log of the database is no longer at its path.',
    /SIGTERM/,
  )
  const restarted = await tracker.restart()
  expect((await statusOf(restarted, 'before')).status).toBe('success')
  expect((await due[0](restarted)).status).toBe(200)
})

test('a database file that cannot be checked counts as unavailable until it can be checked again', async () => {
  const lines: string[] = []
  const logger = pino({ level: 'error' }, { write: (line) => lines.push(line) })
  const { tracker, directory, due } = await start({ logger })
  renameSync(directory, `${directory}-away`)
  // A link to itself: no path below it can be resolved.
  symlinkSync(directory, directory)
  await expectUnavailable(
    tracker,
    due[0],
    'The database file cannot be checked.',
    /The log output of the service contains the error/,
  )
  expect(lines.join('')).toContain('ELOOP')
  rmSync(directory)
  renameSync(`${directory}-away`, directory)
  expect((await due[0]()).status).toBe(200)
})

/**
 * Opens a store. `after` makes it call `interrupt` once, right after the next statement `sql` for which `isExpected` returns true,
 * before anything can check the file. Jobs run such statements, too, so a test may have to select one.
 */
function openInterruptedStore(directory: string) {
  const path = join(directory, 'tracker.db')
  migrateSqlite(path)
  const connection = openConnection(path)
  const prepare = connection.prepare.bind(connection)
  let next: { sql: string; interrupt: () => void; isExpected: () => boolean } | undefined
  Object.assign(connection, {
    prepare(sql: string) {
      const statement = prepare(sql)
      if (sql !== 'BEGIN IMMEDIATE' && sql !== 'COMMIT') return statement
      const run = statement.run.bind(statement)
      return Object.assign(statement, {
        run() {
          run()
          if (next?.sql !== sql || !next.isExpected()) return
          const { interrupt } = next
          next = undefined
          interrupt()
        },
      })
    },
  })
  const store = createSqliteStore(connection, { maxQueued: 1_000 })
  return {
    store,
    connection,
    after: (sql: 'BEGIN IMMEDIATE' | 'COMMIT', interrupt: () => void, isExpected = () => true) => {
      next = { sql, interrupt, isExpected }
    },
  }
}

test('a commit is not acknowledged if the file disappears right after it, and no outdated status is shown', async () => {
  const directory = temporaryDirectory()
  const { store, connection, after } = openInterruptedStore(directory)
  const tracker = await startTracker({}, { store }, databaseIn(directory))
  const send = await prepareWebhook(tracker, 'file-1')
  expect((await statusOf(tracker, 'file-1')).status).toBe('pending')
  const stream = await openEvents(`${tracker.url}/assets/file-1/events`, {
    authorization: `Bearer ${API_KEY}`,
  })
  await stream.received(1)
  const countDeliveries = connection.prepare<[], number>('SELECT count(*) FROM deliveries').pluck()
  const isRecorded = () => countDeliveries.get() === 1
  after('COMMIT', () => move(directory, join(directory, 'away')), isRecorded)
  expect((await send()).status).toBe(503)
  move(join(directory, 'away'), directory)
  await stream.ended
  expect(stream.events().map(({ data }) => JSON.parse(data).status)).toEqual(['pending', 'success'])
  expect((await statusOf(tracker, 'file-1')).status).toBe('success')
  expect(await send()).toMatchObject({ status: 200, json: { outcome: 'duplicate' } })
})

test('when a second process opens the database, the first accepts no more writes, and the second does', async () => {
  const { tracker, directory, due } = await start()
  // With its lock file deleted, the database can be opened twice.
  rmSync(join(directory, 'tracker.db-lock'))
  const second = await startTracker({}, {}, databaseIn(directory))
  expect(await due[0](second)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
  await expectUnavailable(tracker, due[1], 'Another process has opened the database.', /restart the other/)
  expect(await due[1](second)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
})

test('webhooks are still acknowledged after another program has committed to the database and checkpointed it', async () => {
  const { path, due } = await start()
  const other = new Database(path)
  other.exec('CREATE TABLE notes (text)')
  other.pragma('wal_checkpoint(TRUNCATE)')
  other.close()
  for (const send of due) expect((await send()).status).toBe(200)
})

test('new ids come after the rows that another program has inserted', async () => {
  const { tracker, path } = await start()
  const other = new Database(path)
  const row = other.prepare<[], Record<string, unknown>>('SELECT * FROM submissions ORDER BY n').get() ?? {}
  Object.assign(row, { n: 50, chk: 'AAAAAAAAAAA' })
  const columns = Object.keys(row)
  other
    .prepare(
      `INSERT INTO submissions (${columns.join()}) VALUES (${columns.map((name) => `@${name}`).join()})`,
    )
    .run(row)
  other.close()
  const { submissionId } = await register(tracker, ['remove-bg'])
  expect(numberOf(submissionId)).toBe(51)
})

test('an alert fires while the database is unavailable, although it cannot be stored, and resolves when the database is back', async () => {
  const { tracker, advance, messages, receiver, endpoint } = await startAlerting()
  const directory = dirname(pathOf(tracker.database))
  endpoint.status = 500
  move(directory, join(directory, 'away'))
  await expect.poll(() => receiver.requests.length).toBeGreaterThan(0)
  endpoint.status = 200
  // The first retry is due 5 s after the alerter has processed the response, which may happen after the first `advance`.
  await expect
    .poll(() => {
      advance(6_000)
      return receiver.requests.length
    })
    .toBe(2)
  const [rejected, firing] = messages()
  expect(firing).toEqual(rejected)
  expect(firing).toMatchObject({
    alert: 'database_unavailable',
    state: 'firing',
    extension: null,
    count: null,
    ageSeconds: null,
    resolvedAt: null,
    text: `FIRING: the database is unavailable. ${MISSING} The service accepts no writes.\n${tracker.url}/readyz`,
    url: `${tracker.url}/readyz`,
  })
  move(join(directory, 'away'), directory)
  await expect.poll(() => messages().map(({ state }) => state)).toEqual(['firing', 'firing', 'resolved'])
  expect(messages()[2]).toMatchObject({ since: firing?.since, resolvedAt: expect.any(String) })
  expect(messages()[2]?.text).toMatch(
    /^RESOLVED: the database is available again; the alert had been firing since 20\S+ \S+ UTC\.\n/,
  )
  const ids = receiver.requests.map(({ headers }) => headers['webhook-id'])
  expect(new Set(ids)).toHaveProperty('size', 2)
  expect(readdirSync(directory)).toContain('tracker.db')
})
