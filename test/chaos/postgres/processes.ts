import { expect, vi } from 'vitest'
import { readRows, type TestDatabase } from '../../support/database.ts'
import { type RunningProgram, runServe } from '../../support/program.ts'
import { movedTo, type SharedLoad } from './shared-load.ts'

/** So much longer something may take where other tests use the machine. */
export const BUSY_MS = 15_000

export type Process = RunningProgram & { url: string }

/** A service of its own process on a database that it shares; without keys, as on any loopback address. */
export function startProcess(
  database: TestDatabase,
  { imagekitUrl }: Pick<SharedLoad, 'imagekitUrl'>,
  env: { [name: string]: string } = {},
): Promise<Process> {
  return runServe({
    DATABASE_URL: database.url,
    TRACKER_TOKEN_SECRET: 'token-secret-of-all-processes',
    IMAGEKIT_PRIVATE_KEY: 'any',
    IMAGEKIT_UPLOAD_URL: imagekitUrl,
    IMAGEKIT_API_URL: imagekitUrl,
    ...env,
  })
}

/** Waits for it, a minute at most. */
export function until<T>(condition: () => T | Promise<T>, timeout = 60_000): Promise<T> {
  return vi.waitFor(condition, { timeout, interval: 100 })
}

/** Resolves once so many more webhooks were acknowledged. */
export async function acknowledgeMore(load: SharedLoad, count: number): Promise<void> {
  const from = load.acknowledged()
  await until(() => expect(load.acknowledged()).toBeGreaterThanOrEqual(from + count))
}

/** Resolves once it can write, and no answer of ImageKit's waits to be written. */
export async function isRecovered({ url }: Pick<Process, 'url'>): Promise<void> {
  await until(async () => {
    const answer = await fetch(`${url}/readyz`)
    expect(await answer.json()).toMatchObject({ status: 'ready', answersWaiting: 0 })
  })
}

let registered = 0

/** Registers an upload that is known to be of a file of its own. */
export async function registerFile({ url }: Pick<Process, 'url'>) {
  registered += 1
  const fileId = `watched-${registered}`
  const answer = await fetch(`${url}/submissions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ fileId, extensions: [{ name: 'remove-bg' }] }),
  })
  expect(answer.status).toBe(201)
  const { webhookUrl } = (await answer.json()) as { webhookUrl: string }
  return { fileId, webhookUrl }
}

type Timed = { status: number; retryAfter: string | null; body: string; ms: number }

async function timed(url: string, init: RequestInit = {}): Promise<Timed> {
  const sentAt = performance.now()
  const answer = await fetch(url, init)
  const body = await answer.text()
  const retryAfter = answer.headers.get('retry-after')
  return { status: answer.status, retryAfter, body, ms: performance.now() - sentAt }
}

/** Sends the webhook of a registered upload to a process, which need not be the one that registered it. */
export function settle({ url }: Pick<Process, 'url'>, one: { fileId: string; webhookUrl: string }) {
  const body = JSON.stringify({
    service: 'remove-bg',
    status: 'SUCCESS',
    fileObject: { fileId: one.fileId },
  })
  return timed(movedTo(url, one.webhookUrl), { method: 'POST', body })
}

export function statusAt({ url }: Pick<Process, 'url'>, { fileId }: { fileId: string }): Promise<Timed> {
  return timed(`${url}/assets/${fileId}/status`)
}

/** How long whoever waits at one process waits on, after a webhook was answered at another one. */
export async function measureWake(from: Process, to: Process): Promise<number> {
  const file = await registerFile(from)
  const waiting = timed(`${to.url}/assets/${file.fileId}/status?wait=60`)
  // By the answer to a request that was sent later, the earlier one waits.
  await timed(`${to.url}/healthz`)
  expect(await settle(from, file)).toMatchObject({ status: 200 })
  const settledAt = performance.now()
  const { status, body } = await waiting
  expect({ status, body: JSON.parse(body) }).toMatchObject({ status: 200, body: { status: 'success' } })
  return performance.now() - settledAt
}

/** What the rows say of the process that upkeep is left to, by the clock of the database. */
export async function readLease(
  database: TestDatabase,
): Promise<{ holder: number; epoch: number; endsIn: number }> {
  const [lease] = await readRows<{ holder: number; epoch: number; endsIn: number }>(
    database,
    `SELECT holder, epoch, ends_at - (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "endsIn" FROM leases`,
  )
  if (lease === undefined) throw new Error('nobody has the lease')
  return lease
}
