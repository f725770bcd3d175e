import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { type RunningProgram, runProgram, runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { createRandom, numberFor, reportFigures, SEED } from './chaos.ts'
import { type FailingDisk, makeFailingDisk } from './disk/failing-disk.ts'
import { getReadiness, register, sendSuccess, sendUpload, statusOf } from './disk/service-calls.ts'

const FAILURES = numberFor('DISK_FAILURES', { short: 6, long: 500 })
const AT_ONCE = 16
/** The faults that `disk.fail` can cause. */
const DISK_FAULTS = ['full', 'read-only', 'sync'] as const

type Disk = FailingDisk & { path: string }
type Service = RunningProgram & { url: string }

/** Makes writes to the database fail, and returns a function that ends the fault. */
type InjectFault = (disk: Disk, service: Service) => () => void

const FAULTS: [name: string, injectFault: InjectFault][] = [
  ['a full disk', (disk) => failWith(disk, 'full')],
  ['a limit on the size of files', (_, service) => limitFileSize(service)],
  ['a disk that has become read-only', (disk) => failWith(disk, 'read-only')],
  ['syncs that fail', (disk) => failWith(disk, 'sync')],
  ['a database that another process has locked for writing', ({ path }) => lockForWriting(path)],
]

function failWith(disk: Disk, fault: (typeof DISK_FAULTS)[number]): () => void {
  disk.fail(fault)
  return () => disk.repair()
}

/** The kernel rejects writes beyond the first 4 KiB of each file: https://man7.org/linux/man-pages/man2/getrlimit.2.html */
function limitFileSize({ process: { pid } }: Service): () => void {
  const limit = (bytes: string) =>
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`])
  limit('4096')
  return () => {
    limit('unlimited')
  }
}

function lockForWriting(path: string): () => void {
  const other = new Database(path)
  onTestFinished(() => {
    other.close()
  })
  other.exec('BEGIN IMMEDIATE')
  return () => {
    other.exec('ROLLBACK')
  }
}

async function startSandbox() {
  const sandbox = createSandbox({ directory: temporaryDirectory(), port: 0, webhookRetryMs: 20 })
  const { url } = await sandbox.start()
  onTestFinished(() => sandbox.stop())
  return { sandbox, env: { IMAGEKIT_PRIVATE_KEY: 'any', IMAGEKIT_UPLOAD_URL: url, IMAGEKIT_API_URL: url } }
}

async function start() {
  const directory = temporaryDirectory()
  const path = join(directory, 'tracker.db')
  const disk = { ...makeFailingDisk(directory, path), path }
  const { sandbox, env: imagekit } = await startSandbox()
  const env = { ...imagekit, ...disk.env, DATABASE_URL: `file:${path}` }
  const service = await runServe(env)
  const restart = async () => {
    service.process.kill('SIGKILL')
    await service.exited
    return runServe({ ...env, PORT: new URL(service.url).port })
  }
  return { sandbox, disk, env, service, restart }
}

test('deliveries and uploads get 503 while the database cannot be written, and are accepted afterwards', {
  timeout: 60_000,
}, async () => {
  const { sandbox, disk, service, restart } = await start()
  const { url } = service
  const before = await register(url, 'before')
  expect(await sendSuccess(before)).toMatchObject({ status: 200, body: { outcome: 'applied' } })
  const settled = ['before']
  for (const [name, injectFault] of FAULTS) {
    const registered = Array.from({ length: AT_ONCE }, (_, index) => register(url, `${name}-${index}`))
    const during = await Promise.all(registered)
    const uploadsBefore = sandbox.uploads().length

    const repair = injectFault(disk, service)
    const rejected = await Promise.all(during.map((one) => sendSuccess(one)))
    expect(rejected.map(({ status, retryAfter }) => `${status} ${retryAfter}`)).toEqual(
      during.map(() => '503 5'),
    )
    expect(await sendUpload(url)).toMatchObject({ status: 503, retryAfter: '5' })
    await expect
      .poll(() => getReadiness(url))
      .toMatchObject({ status: 503, body: { code: 'store_unavailable' } })
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    // Reads still work, and nothing was applied in part.
    for (const fileId of settled) expect(await statusOf(url, fileId)).toBe('success')
    for (const { fileId } of during) expect(await statusOf(url, fileId)).toBe('pending')
    expect(sandbox.uploads()).toHaveLength(uploadsBefore)

    repair()
    for (const repeated of await Promise.all(during.map((one) => sendSuccess(one))))
      expect(repeated).toMatchObject({ status: 200, body: { outcome: 'applied' } })
    const uploaded = await sendUpload(url)
    expect(uploaded).toMatchObject({ status: 200, body: { fileId: expect.any(String) } })
    settled.push(...during.map(({ fileId }) => fileId))
    await expect.poll(() => statusOf(url, String(uploaded.body['fileId']))).toBe('success')
  }
  await expect.poll(async () => (await getReadiness(url)).status).toBe(200)
  expect(service.process.exitCode).toBeNull()

  const restarted = await restart()
  for (const fileId of settled) expect(await statusOf(restarted.url, fileId)).toBe('success')
  reportFigures(`disk faults: ${FAULTS.length} kinds, ${settled.length} webhooks acknowledged, 0 lost`)
})

test(`disk failures at ${FAILURES} random moments lose nothing that was acknowledged, seed ${SEED}`, {
  timeout: 60_000 + FAILURES * 1000,
}, async () => {
  const random = createRandom(SEED)
  const { disk, service, restart } = await start()
  const acknowledged: string[] = []
  let rejected = 0
  let isDone = false
  const worker = async (name: number) => {
    for (let count = 0; !isDone; count += 1) {
      const one = await register(service.url, `file-${name}-${count}`).catch(() => undefined)
      if (one === undefined) continue
      let response = await sendSuccess(one)
      for (; response.status === 503; response = await sendSuccess(one)) rejected += 1
      expect(response).toMatchObject({ status: 200, body: { outcome: 'applied' } })
      acknowledged.push(one.fileId)
    }
  }
  const workers = Promise.all(Array.from({ length: AT_ONCE }, (_, name) => worker(name)))
  for (let count = 0; count < FAILURES; count += 1) {
    const before = acknowledged.length
    const more = Math.floor(random() * 40)
    await expect.poll(() => acknowledged.length, { interval: 1 }).toBeGreaterThan(before + more)
    disk.fail(`${DISK_FAULTS[Math.floor(random() * DISK_FAULTS.length)] ?? 'full'} once`)
    await expect.poll(() => disk.isDue(), { interval: 1 }).toBe(false)
  }
  isDone = true
  await workers

  const restarted = await restart()
  for (const fileId of acknowledged) expect(await statusOf(restarted.url, fileId)).toBe('success')
  reportFigures(
    `disk failures at random moments: ${FAILURES}, seed ${SEED}: ${rejected} webhooks rejected, ${acknowledged.length} acknowledged, 0 lost`,
  )
  expect(rejected).toBeGreaterThan(0)
})

test('a webhook whose sync failed settles its run when it is sent again after kill -9', async () => {
  const { disk, service, restart } = await start()
  const one = await register(service.url, 'file-1')
  disk.fail('sync')
  expect(await sendSuccess(one)).toMatchObject({ status: 503 })
  disk.repair()
  const restarted = await restart()
  // What was written before the failed sync may be on disk nevertheless, so the outcome may be `applied` or `duplicate`.
  expect(await sendSuccess(one)).toMatchObject({ status: 200 })
  expect(await statusOf(restarted.url, 'file-1')).toBe('success')
})

test('if an existing database cannot be written at the start, migrate exits with 1; serve responds with 503, and recovers by itself', {
  timeout: 60_000,
}, async () => {
  const { sandbox, disk, service, ...started } = await start()
  const env = { ...started.env, PORT: new URL(service.url).port }
  const one = await register(service.url, 'file-1')
  service.process.kill('SIGKILL')
  await service.exited

  const faults: [message: RegExp, injectFault: () => () => void][] = [
    [/database or disk is full/, () => failWith(disk, 'full')],
    [/readonly database|unable to open|disk I\/O error/, () => failWith(disk, 'read-only')],
    [/database is locked/, () => lockForWriting(disk.path)],
  ]
  for (const [message, injectFault] of faults) {
    const repair = injectFault()
    const migrate = runProgram(['migrate'], env)
    expect(await migrate.exited).toBe(1)
    expect(migrate.output()).toMatch(message)
    expect(migrate.output()).toContain(`${disk.path} cannot be opened: `)

    const waiting = await runServe(env)
    expect(await getReadiness(waiting.url)).toMatchObject({
      status: 503,
      retryAfter: '5',
      body: { code: 'store_unavailable', detail: expect.stringMatching(message) },
    })
    expect((await fetch(`${waiting.url}/healthz`)).status).toBe(200)
    expect(await sendSuccess(one)).toMatchObject({ status: 503, retryAfter: '5' })
    expect(await sendUpload(waiting.url)).toMatchObject({ status: 503, retryAfter: '5' })
    expect(sandbox.uploads()).toEqual([])
    await waiting.printed(/the database cannot be opened; it will be retried/)

    repair()
    await expect.poll(async () => (await getReadiness(waiting.url)).status).toBe(200)
    expect(await sendSuccess(one)).toMatchObject({ status: 200 })
    // The service tries every 2 s, but logs the failure only once a minute.
    expect(waiting.output().match(/the database cannot be opened/g)).toHaveLength(1)
    waiting.process.kill('SIGKILL')
    await waiting.exited
  }
})
