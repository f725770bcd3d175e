import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { moveDatabase } from '../../src/store/open-store.ts'
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { batchSequences } from '../contract/batches/step-arbitraries.ts'
import { createStepRunner, type StepRunner } from '../contract/batches/step-runner.ts'
import { newSubmission } from '../contract/builders.ts'
import { readEverything } from '../contract/read-everything.ts'
import { createTestDatabase } from '../support/database.ts'
import { startTracker } from '../support/tracker.ts'
import { runCli } from './run-cli.ts'

const SECRET = 'the secret of the service'
const env = { TRACKER_TOKEN_SECRET: SECRET }

type Source = { path: string; ids: ReturnType<StepRunner['ids']>[] }

/** Creates a SQLite database with the rows of many kinds of steps. */
async function makeSource(): Promise<Source> {
  const folder = await mkdtemp(join(tmpdir(), 'move-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'tracker.db')
  const store = openSqliteStore({ path })
  const ids: Source['ids'] = []
  for (const [place, sequence] of fc.sample(batchSequences, { numRuns: 15, seed: 20261 }).entries()) {
    const steps = createStepRunner(store, { scope: `sequence-${place}`, isAlive: true })
    await steps.begin()
    for (const chunk of sequence) await steps.perform(chunk, 'together')
    ids.push(steps.ids())
  }
  await store.close()
  return { path, ids }
}

async function readSource({ path, ids }: Source) {
  const store = openSqliteStore({ path })
  try {
    return await readEverything(store, ids)
  } finally {
    await store.close()
  }
}

async function readTarget(url: string, { ids }: Source) {
  const store = await openPostgresStore({ url })
  try {
    return await readEverything(store, ids)
  } finally {
    await store.close()
  }
}

const move = (source: Source, url: string, variables: { [name: string]: string } = env) =>
  runCli(['migrate', '--from', `file:${source.path}`, '--to', url], { env: variables })

test('a moved database has the same content, and a new submission has an unused number', async () => {
  const source = await makeSource()
  const { url } = await createTestDatabase()
  const moved = await move(source, url)
  expect(moved).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/ [1-9]\d+ rows, compared after the copy\.\n$/),
  })
  expect(await readTarget(url, source)).toEqual(await readSource(source))

  const store = await openPostgresStore({ url })
  const before = new Set(source.ids.flatMap(({ submissionIds }) => submissionIds))
  const { submissionId } = await store.createSubmission(newSubmission(['remove-bg']))
  await store.close()
  expect([...before].map(numberIn)).not.toContain(numberIn(submissionId))
})

test('a target with an interrupted copy cannot be opened, and a second move copies only the remaining tables', async () => {
  const source = await makeSource()
  const { url } = await createTestDatabase()
  const from = { kind: 'sqlite', path: source.path } as const
  const to = { kind: 'postgres', url, listenUrl: url, connections: 5 } as const
  const copiedBefore = new Set<string>()
  const interrupted = moveDatabase(from, to, {
    onStart: () => {},
    onProgress(_, table) {
      if (table === 'runs') throw new Error('the power failed')
      copiedBefore.add(table)
    },
  })
  await expect(interrupted).rejects.toThrow('the power failed')
  await expect(openPostgresStore({ url })).rejects.toThrow('unfinished copy')

  const copiedAfter: string[] = []
  const onProgress = (phase: string, table: string) => void (phase === 'copying' && copiedAfter.push(table))
  await moveDatabase(from, to, { onStart: () => {}, onProgress })
  expect(copiedBefore.size).toBeGreaterThan(0)
  expect(copiedAfter.filter((table) => copiedBefore.has(table))).toEqual([])
  expect(await readTarget(url, source)).toEqual(await readSource(source))
})

test('a target with rows is rejected and not changed', async () => {
  const source = await makeSource()
  const { url } = await createTestDatabase()
  const store = await openPostgresStore({ url })
  await store.createSubmission(newSubmission(['remove-bg']))
  await store.close()
  expect(await move(source, url)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('not empty') })
  expect((await readTarget(url, source)).runs).toHaveLength(1)
})

test('the token secrets must include the one that signed the newest URLs and the one in the file beside the database', async () => {
  const source = await makeSource()
  const { url } = await createTestDatabase()
  const file = join(source.path, '..', 'token-secret')
  expect(await move(source, url, {})).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Set TRACKER_TOKEN_SECRET'),
  })
  const database = { url: `file:${source.path}` }
  // A service signs with the first secret of its list, so `SECRET` signs the newest URLs.
  for (const secrets of ['the first secret of the service', `${SECRET},the first secret of the service`])
    await (await startTracker({ TRACKER_TOKEN_SECRET: secrets }, {}, database)).service.stop()
  const older = { TRACKER_TOKEN_SECRET: 'the first secret of the service' }
  expect(await move(source, url, older)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('lacks the secret that signed the newest'),
  })
  await writeFile(file, `${SECRET}\n`)
  const other = await move(source, url, older)
  expect(other).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(file) })
  expect(other.stderr).not.toContain(SECRET)
  expect(
    (await move(source, url, { TRACKER_TOKEN_SECRET: `another secret of the service,${SECRET}` })).exitCode,
  ).toBe(0)
})

test('a target that cannot be reached is reported as --to, with the reason and without its password', async () => {
  const { exitCode, stderr } = await move(await makeSource(), 'postgres://tracker:hush@127.0.0.1:1/tracker')
  expect(stderr).toMatch(/^--to: the database cannot be used: .*ECONNREFUSED/)
  expect(stderr).not.toContain('hush')
  expect(exitCode).toBe(1)
})

test('an invalid address is reported without its password, and --from requires --to', async () => {
  const wrong = await runCli(['migrate', '--from', 'file:x.db', '--to', 'mysql://user:s3cret@host/db'], {
    env,
  })
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--to must be') })
  expect(wrong.stderr).not.toContain('s3cret')
  expect((await runCli(['migrate', '--from', 'file:x.db'], { env })).exitCode).toBe(2)
})

function numberIn(id: string): string {
  return id.split('_')[1] ?? ''
}
