import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { beforeEach, expect, test } from 'vitest'
import { databaseIn } from '../support/sqlite-database.ts'
import { ADMIN_KEY, API_KEY, startTracker, temporaryDirectory } from '../support/tracker.ts'
import { register } from '../support/webhooks.ts'
import { listen } from './fake-tracker.ts'
import { OPERATOR } from './operator-answers.ts'
import { runCli } from './run-cli.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = temporaryDirectory()
  file = join(folder, 'copy.db')
})

/** `backup` from something that answers so. */
async function backUpFrom(answer: (response: ServerResponse) => void, ...options: string[]) {
  const url = await listen((incoming, response) => {
    incoming.resume()
    answer(response)
  })
  return runCli(['backup', file, ...options], { env: { TRACKER_URL: url, ...OPERATOR } })
}

test('the copy is a whole database, for its owner alone, and can be restored', async () => {
  const tracker = await startTracker()
  await register(tracker, ['remove-bg'])
  const env = { TRACKER_URL: tracker.url, TRACKER_ADMIN_KEY: ADMIN_KEY }
  const { exitCode, stdout, stderr } = await runCli(['backup', file], { env })
  expect(exitCode).toBe(0)
  expect(stderr).toMatch(/^The token secret is not in it: [^\n]+\n$/)
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

test('a file that is there is not touched, unless that is asked for', async () => {
  const tracker = await startTracker()
  writeFileSync(file, 'precious')
  const env = { TRACKER_URL: tracker.url, TRACKER_ADMIN_KEY: ADMIN_KEY }
  const refused = await runCli(['backup', file], { env })
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--force') })
  const audit = await tracker.fetch('/audit', { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  // Nor is a copy made in vain: it may have gigabytes.
  expect(await audit.json()).toMatchObject({ acts: [] })
  expect(readFileSync(file, 'utf8')).toBe('precious')
  expect((await runCli(['backup', file, '--force'], { env })).exitCode).toBe(0)
  expect(readFileSync(file, 'latin1')).toMatch(/^SQLite format 3/)
  expect(readdirSync(folder)).toEqual(['copy.db'])
})

test('a file that comes into its place meanwhile is not touched either', async () => {
  const bytes = databaseBytes()
  const { exitCode } = await backUpFrom((response) => {
    writeFileSync(file, 'precious')
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
  })
  expect(exitCode).toBe(2)
  expect(readFileSync(file, 'utf8')).toBe('precious')
  expect(readdirSync(folder)).toEqual(['copy.db'])
})

test.each<[string, (response: ServerResponse) => void, string]>([
  [
    'breaks off',
    (response) => {
      response.writeHead(200, { 'content-length': 1_000_000 })
      response.write(databaseBytes(), () => response.destroy())
    },
    'did not come whole',
  ],
  [
    'tells no length',
    (response) => {
      response.write(databaseBytes())
      response.end()
    },
    'does not tell how long it is',
  ],
  [
    'is no database',
    (response) => response.writeHead(200, { 'content-length': 5 }).end('hello'),
    'no whole database',
  ],
  [
    'is a damaged database',
    (response) => {
      const bytes = databaseBytes()
      bytes.fill(0xff, 4096, 5000)
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    },
    'no whole database',
  ],
  [
    'is a refusal',
    (response) => response.writeHead(503).end('{"detail":"The store cannot write."}'),
    'The store cannot write.',
  ],
])('a copy that %s is not kept, and what is there stays', async (_, answer, sentence) => {
  writeFileSync(file, 'precious')
  const { exitCode, stdout, stderr } = await backUpFrom(answer, '--force')
  expect(stderr).toContain(sentence)
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(readFileSync(file, 'utf8')).toBe('precious')
  expect(readdirSync(folder)).toEqual(['copy.db'])
})

test('a backup that is stopped leaves nothing', async () => {
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const url = await listen((incoming, response) => {
    incoming.resume()
    response.writeHead(200, { 'content-length': 1_000_000 })
    response.write(databaseBytes(), () => stop())
  })
  const env = { TRACKER_URL: url, ...OPERATOR }
  const { exitCode } = await runCli(['backup', file], { env, stopRequested: () => stopped })
  expect(exitCode).toBe(1)
  expect(readdirSync(folder)).toEqual([])
})

test('an API key gets no copy', async () => {
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
