import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { type RunningProgram, runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { createRandom, numberFor, reportFigures, SEED } from './chaos.ts'
import { getReadiness, sendSuccess } from './disk/service-calls.ts'
import { createWebhookLoad, listUnsettled, type WebhookLoad } from './webhook-load.ts'

const CYCLES = numberFor('FILE_REPLACED_CYCLES', { short: 7, long: 100 })

type Service = RunningProgram & { url: string }

/** The suffixes of the files that a copy of a database needs. SQLite rebuilds the index (-shm) by itself. */
const COPIED_SUFFIXES = ['', '-wal']
const ALL_SUFFIXES = [...COPIED_SUFFIXES, '-shm']

/** A way in which the database changes under the running service. */
type Change = {
  what: string
  /** Whether another file takes the place of the database. Then the test also starts a service on the other file. */
  servesWrongFile: boolean
  /** `older` is a copy from before all submissions. */
  change: (path: string, older: string) => void
}

const CHANGES: Change[] = [
  { what: 'deleted', servesWrongFile: false, change: remove },
  { what: 'truncated', servesWrongFile: false, change: (path) => truncateSync(path) },
  {
    what: 'replaced by an empty file',
    servesWrongFile: true,
    change(path) {
      remove(path)
      writeFileSync(path, '')
    },
  },
  {
    what: 'replaced by an empty database',
    servesWrongFile: true,
    change(path) {
      const empty = new Database(`${path}-empty`)
      empty.pragma('journal_mode = WAL')
      empty.close()
      remove(path)
      renameSync(`${path}-empty`, path)
    },
  },
  {
    what: 'replaced by an older copy',
    servesWrongFile: true,
    change(path, older) {
      remove(path)
      copyFileSync(older, `${path}-older`)
      renameSync(`${path}-older`, path)
    },
  },
]

function remove(path: string): void {
  for (const suffix of ALL_SUFFIXES) rmSync(path + suffix, { force: true })
}

function copy(from: string, to: string): void {
  for (const suffix of COPIED_SUFFIXES)
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix)
}

/** Whether every thread of the process has stopped. A system call in progress ends before its thread stops. */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((task) =>
    readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8').includes(') T '),
  )
}

/** During a checkpoint SQLite locks this byte of the index: https://www.sqlite.org/walformat.html#locks */
const CHECKPOINT_LOCK = 121

/**
 * Whether a checkpoint is in progress. A file that is truncated during a checkpoint gets its old size again, so the service does
 * not detect the truncation (docs/reliability.md).
 */
function isCheckpointing(path: string): boolean {
  const { ino } = statSync(`${path}-shm`)
  const lock = new RegExp(`WRITE \\d+ \\S+:${ino} (\\d+) (\\d+)`)
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => {
      const [, first, last] = lock.exec(line) ?? []
      return Number(first) <= CHECKPOINT_LOCK && CHECKPOINT_LOCK <= Number(last)
    })
}

/** Copies and changes the database while the service is stopped, so that nothing is acknowledged between the two. */
async function changeWhileStopped(service: Service, path: string, safe: string, change: () => void) {
  const { pid = 0 } = service.process
  for (;;) {
    service.process.kill('SIGSTOP')
    await expect.poll(() => isStopped(pid), { interval: 1 }).toBe(true)
    if (!isCheckpointing(path)) break
    service.process.kill('SIGCONT')
  }
  copy(path, safe)
  change()
  service.process.kill('SIGCONT')
}

async function expectRejecting(service: Service, load: WebhookLoad) {
  // If all callers happen to be registering, no webhook is sent, so failed registrations count too. There are 16 callers.
  const rejections = () => load.rejected() + load.unregistered()
  const before = rejections()
  await expect.poll(rejections).toBeGreaterThan(before + 32)
  // The response may show the result of a check that is up to a second old.
  await expect
    .poll(() => getReadiness(service.url))
    .toMatchObject({
      status: 503,
      retryAfter: '5',
      body: { code: 'store_unavailable', detail: expect.stringContaining('The service accepts no writes.') },
    })
}

async function kill(service: Service, load: WebhookLoad) {
  load.pause()
  service.process.kill('SIGKILL')
  await service.exited
  await load.idle()
}

/**
 * Starts a service on the wrong file. It must reject webhooks for unknown submissions with 503, so that ImageKit sends them again.
 * Returns how many it rejected.
 */
async function serveWrongFile(start: () => Promise<Service>, load: WebhookLoad): Promise<number> {
  const service = await start()
  const due = load.due()
  for (const response of await Promise.all(due.map((one) => sendSuccess(one))))
    expect(response).toMatchObject({ status: 503, body: { code: 'unknown_submission' } })
  const rejected = async () => {
    const response = await fetch(`${service.url}/deliveries?outcome=rejected`)
    const { deliveries } = (await response.json()) as { deliveries: { cause: string }[] }
    return deliveries.filter(({ cause }) => cause === 'unknown_submission').length
  }
  if (due.length > 0) await expect.poll(rejected).toBeGreaterThan(0)
  await kill(service, load)
  return due.length
}

test(`deleting, truncating, moving or replacing the database file loses nothing that was acknowledged, ${CYCLES} times, seed ${SEED}`, {
  timeout: 60_000 + CYCLES * 30_000,
}, async () => {
  const random = createRandom(SEED)
  const directory = join(temporaryDirectory(), 'data')
  mkdirSync(directory)
  const path = join(directory, 'tracker.db')
  const [safe, older, away] = ['safe', 'older', 'away'].map((name) => join(temporaryDirectory(), name))
  if (safe === undefined || older === undefined || away === undefined) throw new Error('unreachable')
  const env = { IMAGEKIT_PRIVATE_KEY: 'any', DATABASE_URL: `file:${path}` }
  let service = await runServe(env)
  const { port } = new URL(service.url)
  const start = () => runServe({ ...env, PORT: port })
  const backUp = async (to: string) => {
    const response = await fetch(`${service.url}/backup`, { method: 'POST' })
    expect(response.status).toBe(200)
    writeFileSync(to, Buffer.from(await response.arrayBuffer()))
  }
  await backUp(older)
  const load = createWebhookLoad(service.url)
  let rejectedAsUnknown = 0
  let isDone = false

  /** The same file comes back: no restart is needed. */
  const moveAwayAndBack = async () => {
    for (const suffix of ALL_SUFFIXES) renameSync(path + suffix, away + suffix)
    await expectRejecting(service, load)
    for (const suffix of ALL_SUFFIXES) renameSync(away + suffix, path + suffix)
    await expect.poll(async () => (await getReadiness(service.url)).status).toBe(200)
  }
  /** Only the running service, which has the deleted file open, still has the data. */
  const deleteAndBackUp = async () => {
    remove(path)
    await expectRejecting(service, load)
    await backUp(`${safe}-backup`)
    await kill(service, load)
    renameSync(`${safe}-backup`, path)
    service = await start()
    load.resume()
  }
  const changeAndRestore = async ({ change, servesWrongFile }: Change) => {
    remove(safe)
    await changeWhileStopped(service, path, safe, () => change(path, older))
    await expectRejecting(service, load)
    await kill(service, load)
    if (servesWrongFile) rejectedAsUnknown += await serveWrongFile(start, load)
    remove(path)
    copy(safe, path)
    service = await start()
    load.resume()
  }
  const kinds = [moveAwayAndBack, deleteAndBackUp, ...CHANGES.map((one) => () => changeAndRestore(one))]

  const workers = load.run(() => isDone)
  const lost: string[] = []
  for (let cycle = 0; cycle < CYCLES && lost.length === 0; cycle += 1) {
    const [seen, more] = [load.acknowledged().length, Math.ceil(random() * 100)]
    await expect.poll(() => load.acknowledged().length, { interval: 1 }).toBeGreaterThan(seen + more)
    const before = load.acknowledged().slice()
    await kinds[cycle % kinds.length]?.()
    lost.push(...(await listUnsettled(service.url, before.slice(-500))))
  }
  isDone = true
  await expect.poll(() => load.due()).toEqual([])
  await workers
  await kill(service, load)
  service = await start()
  lost.push(...(await listUnsettled(service.url, load.acknowledged())))
  reportFigures(
    `database file replaced: ${CYCLES} times, seed ${SEED}: ${load.rejected()} webhooks rejected, ${rejectedAsUnknown} more by services on a wrong file, ` +
      `${load.acknowledged().length} acknowledged, ${lost.length} lost`,
  )
  expect(lost).toEqual([])
  expect(load.unexpected()).toEqual([])
  expect(rejectedAsUnknown).toBeGreaterThan(0)
})
