import { expect, vi } from 'vitest'
import { readRows, type TestDatabase } from '../../support/database.ts'
import { type RunningProgram, runServe } from '../../support/program.ts'
import { movedTo, type SharedLoad } from './shared-load.ts'

/** How much longer something may take than on an idle machine, because other tests may use the machine at the same time. */
export const SLACK_MS = 15_000

export type Process = RunningProgram & { url: string }

/** Starts a service in its own process on a shared database. It has neither API nor admin keys, because local requests don't need any. */
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

/** Calls `condition` until it neither throws nor rejects; gives up after `timeout` milliseconds. */
export function until<T>(condition: () => T | Promise<T>, timeout = 60_000): Promise<T> {
  return vi.waitFor(condition, { timeout, interval: 100 })
}

/** Resolves once `count` more webhooks have been acknowledged. */
export async function waitForMoreAcknowledged(load: SharedLoad, count: number): Promise<void> {
  const from = load.acknowledged()
  await until(() => expect(load.acknowledged()).toBeGreaterThanOrEqual(from + count))
}

/** Resolves once the service can write, and no earlier write that failed is waiting for a retry. */
export async function waitForRecovery({ url }: Pick<Process, 'url'>): Promise<void> {
  await until(async () => {
    const response = await fetch(`${url}/readyz`)
    expect(await response.json()).toMatchObject({ status: 'ready', queuedWrites: 0 })
  })
}

let registered = 0

/** Registers an upload of a new file. */
export async function registerFile({ url }: Pick<Process, 'url'>) {
  registered += 1
  const fileId = `watched-${registered}`
  const response = await fetch(`${url}/submissions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ fileId, extensions: [{ name: 'remove-bg' }] }),
  })
  expect(response.status).toBe(201)
  const { webhookUrl } = (await response.json()) as { webhookUrl: string }
  return { fileId, webhookUrl }
}

type TimedResponse = { status: number; retryAfter: string | null; body: string; ms: number }

async function timedFetch(url: string, init: RequestInit = {}): Promise<TimedResponse> {
  const sentAt = performance.now()
  const response = await fetch(url, init)
  const body = await response.text()
  const retryAfter = response.headers.get('retry-after')
  return { status: response.status, retryAfter, body, ms: performance.now() - sentAt }
}

/** Sends the webhook of a registered upload to a process, which need not be the one that registered it. */
export function settle({ url }: Pick<Process, 'url'>, one: { fileId: string; webhookUrl: string }) {
  const body = JSON.stringify({
    service: 'remove-bg',
    status: 'SUCCESS',
    fileObject: { fileId: one.fileId },
  })
  return timedFetch(movedTo(url, one.webhookUrl), { method: 'POST', body })
}

export function statusAt(
  { url }: Pick<Process, 'url'>,
  { fileId }: { fileId: string },
): Promise<TimedResponse> {
  return timedFetch(`${url}/assets/${fileId}/status`)
}

/** The milliseconds from the response to a webhook at one process until a caller that waits at another process gets the status. */
export async function measureWake(from: Process, to: Process): Promise<number> {
  const file = await registerFile(from)
  const waiting = timedFetch(`${to.url}/assets/${file.fileId}/status?wait=60`)
  // Once a later request has its response, the earlier one is most likely waiting.
  await timedFetch(`${to.url}/healthz`)
  expect(await settle(from, file)).toMatchObject({ status: 200 })
  const settledAt = performance.now()
  const { status, body } = await waiting
  expect({ status, body: JSON.parse(body) }).toMatchObject({ status: 200, body: { status: 'success' } })
  return performance.now() - settledAt
}

/**
 * Reads the lease. `epoch`: a number that increases with each new holder. `endsIn`: when it ends, in milliseconds from now by the
 * database's clock.
 */
export async function readLease(
  database: TestDatabase,
): Promise<{ holder: number; epoch: number; endsIn: number }> {
  const [lease] = await readRows<{ holder: number; epoch: number; endsIn: number }>(
    database,
    `SELECT holder, epoch, ends_at - (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "endsIn" FROM leases`,
  )
  if (lease === undefined) throw new Error('no process holds the lease')
  return lease
}
