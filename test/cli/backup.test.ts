import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { beforeEach, expect, test } from 'vitest'
import { databaseIn } from '../support/sqlite-database.ts'
import { ADMIN_KEY, API_KEY, startTracker, temporaryDirectory } from '../support/tracker.ts'
import { register } from '../support/webhooks.ts'
import { listen } from './fake-tracker.ts'
import { OPERATOR_ENV } from './operator-responses.ts'
import { runCli } from './run-cli.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = temporaryDirectory()
  file = join(folder, 'copy.db')
})

/** Runs `backup` against a server with this response. */
async function backUpFrom(respond: (response: ServerResponse) => void, ...options: string[]) {
  const url = await listen((incoming, response) => {
    incoming.resume()
    respond(response)
  })
  return runCli(['backup', file, ...options], { env: { TRACKER_URL: url, ...OPERATOR_ENV } })
}

test('the copy is a complete database, readable by its owner only, and can be restored', async () => {
  const tracker = await startTracker()
  await register(tracker, ['remove-bg'])
  const env = { TRACKER_URL: tracker.url, TRACKER_ADMIN_KEY: ADMIN_KEY }
  const { exitCode, stdout, stderr } = await runCli(['backup', file], { env })
  expect(exitCode).toBe(0)
  expect(stderr).toMatch(/^The backup does not contain the token secret: [^\n]+\n$/)
  expect(stdout).toMatch(/copy\.db {2}[\d.]+ KiB/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['copy.db'])
  const copy = new Database(file)
  expect(copy.prepare('select count(*) as runs from runs').get()).toEqual({ runs: 1 })
  copy.close()

  const other = temporaryDirectory()
  writeFileSync(join(other, 'tracker.db'), readFileSync(file))
  const restored = await startTracker({}, {}, databaseIn(other))
  const runs = await restored.fetch('/runs', { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  expect(((await runs.json()) as { runs: [] }).runs).toHaveLength(1)
})

test('an existing file is replaced only with --force', async () => {
  const tracker = await startTracker()
  writeFileSync(file, 'precious')
  const env = { TRACKER_URL: tracker.url, TRACKER_ADMIN_KEY: ADMIN_KEY }
  const rejected = await runCli(['backup', file], { env })
  expect(rejected).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--force') })
  const audit = await tracker.fetch('/audit', { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  // The audit log shows that no copy was requested: a copy may be gigabytes long, so the command checks FILE first.
  expect(await audit.json()).toMatchObject({ entries: [] })
  expect(readFileSync(file, 'utf8')).toBe('precious')
  expect((await runCli(['backup', file, '--force'], { env })).exitCode).toBe(0)
  expect(readFileSync(file, 'latin1')).toMatch(/^SQLite format 3/)
  expect(readdirSync(folder)).toEqual(['copy.db'])
})

test('a file that is created during the backup is replaced only with --force', async () => {
  const bytes = databaseBytes()
  const createDuringBackup = (response: ServerResponse) => {
    writeFileSync(file, 'precious')
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
  }
  const { exitCode, stderr } = await backUpFrom(createDuringBackup)
  expect(stderr).toContain('already exists; --force replaces it')
  expect(exitCode).toBe(2)
  expect(readFileSync(file, 'utf8')).toBe('precious')
  expect(readdirSync(folder)).toEqual(['copy.db'])
  rmSync(file)
  expect((await backUpFrom(createDuringBackup, '--force')).exitCode).toBe(0)
  expect(readFileSync(file)).toEqual(bytes)
})

test.each<[string, (response: ServerResponse) => void, string]>([
  [
    'ends early',
    (response) => {
      response.writeHead(200, { 'content-length': 1_000_000 })
      response.write(databaseBytes(), () => response.destroy())
    },
    'The copy is incomplete and was removed',
  ],
  [
    'has no length',
    (response) => {
      response.write(databaseBytes())
      response.end()
    },
    'has no Content-Length',
  ],
  [
    'is not a database',
    (response) => response.writeHead(200, { 'content-length': 5 }).end('hello'),
    'not an intact database',
  ],
  [
    'is a damaged database',
    (response) => {
      const bytes = databaseBytes()
      // In the second page; a page has 4096 bytes.
      bytes.fill(0xff, 4096, 5000)
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    },
    'not an intact database',
  ],
  [
    'is an error',
    (response) => response.writeHead(503).end('{"detail":"The database is unavailable."}'),
    'The database is unavailable.',
  ],
])(
  'if the response %s, no copy is left, and the existing file stays, even with --force',
  async (_, respond, sentence) => {
    writeFileSync(file, 'precious')
    const { exitCode, stdout, stderr } = await backUpFrom(respond, '--force')
    expect(stderr).toContain(sentence)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(readFileSync(file, 'utf8')).toBe('precious')
    expect(readdirSync(folder)).toEqual(['copy.db'])
  },
)

test('a backup that is stopped leaves no files', async () => {
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const url = await listen((incoming, response) => {
    incoming.resume()
    response.writeHead(200, { 'content-length': 1_000_000 })
    response.write(databaseBytes(), () => stop())
  })
  const env = { TRACKER_URL: url, ...OPERATOR_ENV }
  const { exitCode } = await runCli(['backup', file], { env, stopRequested: () => stopped })
  expect(exitCode).toBe(1)
  expect(readdirSync(folder)).toEqual([])
})

test('an API key cannot make a backup', async () => {
  const tracker = await startTracker()
  const { exitCode, stderr } = await runCli(['backup', file], {
    env: { TRACKER_URL: tracker.url, TRACKER_API_KEY: API_KEY },
  })
  expect(stderr).toContain('set TRACKER_ADMIN_KEY')
  expect(exitCode).toBe(1)
  expect(readdirSync(folder)).toEqual([])
})

/** A database of a few pages. */
function databaseBytes(): Buffer {
  const database = new Database(':memory:')
  database.exec('create table t (a); create index i on t (a)')
  const insert = database.prepare('insert into t values (?)')
  for (let n = 0; n < 100; n += 1) insert.run('x'.repeat(200))
  const bytes = database.serialize()
  database.close()
  return bytes
}
