import { expect, test } from 'vitest'
import { readRows, type TestDatabase } from '../support/database.ts'
import { startOwnServer } from '../support/own-server.ts'
import { accountEvent, deliverEvent, ikHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { EXTENSIONS, UPLOAD } from '../support/uploads.ts'
import { numberFor, reportFigures } from './chaos.ts'
import {
  measureWake,
  readLease,
  registerFile,
  startProcess,
  statusAt,
  until,
  waitForMoreAcknowledged,
  waitForRecovery,
} from './postgres/processes.ts'
import { createSharedLoad } from './postgres/shared-load.ts'

const WEBHOOKS = numberFor('WRONG_CLOCK_WEBHOOKS', { short: 300, long: 10_000 })

const FAST_BY_MS = 3_600_000
const CLOCK_AHEAD = new URL('./postgres/clock-ahead.mjs', import.meta.url)

/** How far a correct time may be from the present: far less than the hour by which the clock is wrong. */
const TOLERANCE_MS = 60_000

test('only the clock of the database counts when the clock of one of two processes is an hour ahead', {
  timeout: 60_000 + WEBHOOKS * 50,
}, async () => {
  const server = await startOwnServer()
  const load = await createSharedLoad()
  const env = { IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET, RECONCILE_AFTER: '2s', EXPIRE_AFTER: '30m' }
  const fast = await startProcess(server, load, {
    ...env,
    RECONCILE_EVERY: '1s',
    NODE_OPTIONS: `--import=${CLOCK_AHEAD.href}`,
  })
  // Only the first process reconciles: it has the lease, so it finds the overdue runs, and the other one pauses for an hour after its
  // pass at the start.
  const right = await startProcess(server, load, { ...env, RECONCILE_EVERY: '1h' })
  const [, loggedAt] = await fast.printed(/"time":(\d+).*"listening"/)
  expect(Number(loggedAt) - Date.now()).toBeGreaterThan(FAST_BY_MS - TOLERANCE_MS)

  // A lease lasts 20 seconds. By the wrong clock, it would end an hour later.
  const lease = await readLease(server)
  expect(lease.endsIn).toBeGreaterThan(0)
  expect(lease.endsIn).toBeLessThanOrEqual(30_000)

  const file = await registerFile(fast)
  for (const tracker of [fast, right]) {
    const { updatedAt } = JSON.parse((await statusAt(tracker, file)).body) as { updatedAt: string }
    expect(Math.abs(Date.parse(updatedAt) - Date.now())).toBeLessThan(TOLERANCE_MS)
  }

  // An overdue run is claimed for 40 seconds. By the wrong clock, the run would have expired 30 minutes ago (EXPIRE_AFTER).
  await until(() => expect(load.lookups()).toBeGreaterThan(0))
  const [dueInMs] = await msFromNow(server, 'SELECT due_at AS at FROM runs')
  expect(dueInMs).toBeGreaterThan(0)
  expect(dueInMs).toBeLessThanOrEqual(40_000)
  for (const tracker of [fast, right])
    expect(JSON.parse((await statusAt(tracker, file)).body)).toMatchObject({ status: 'pending' })

  // An idempotency key that one process has claimed is also claimed for the other.
  const first = await uploadWithKey(fast.url)
  expect(first).toEqual({ status: 200, submissionId: expect.stringMatching(/^sub_/) })
  expect(await uploadWithKey(right.url)).toEqual(first)
  expect(await uploadWithKey(fast.url)).toEqual(first)
  expect(load.uploads()).toHaveLength(1)
  const [claimedMs] = await msFromNow(server, 'SELECT claimed_at AS at FROM idempotency_keys')
  expect(Math.abs(claimedMs ?? Number.NaN)).toBeLessThan(TOLERANCE_MS)

  // Signatures are valid for five minutes before and after the present time of the database.
  const event = accountEvent('file-created')
  expect(await deliverEvent(fast, event)).toMatchObject({ status: 200 })
  const signedAhead = ikHeaders(event, { at: Date.now() + FAST_BY_MS })
  expect(await deliverEvent(fast, event, signedAhead)).toMatchObject({ status: 401 })

  // By the wrong clock, the other process sent its last heartbeat an hour ago. Its upload must not be taken for abandoned.
  await load.delayUpload(right.url)
  const [before] = await heartbeats(server)
  await until(async () => {
    const now = await heartbeats(server)
    expect(now).toHaveLength(2)
    expect(Math.min(...now)).toBeGreaterThan(before ?? Number.NaN)
  })
  for (const at of await msFromNow(server, 'SELECT heartbeat_at AS at FROM processes'))
    expect(Math.abs(at)).toBeLessThan(TOLERANCE_MS)
  const owned = await readRows(server, 'SELECT FROM submissions WHERE owner IS NOT NULL')
  expect(owned).toHaveLength(1)
  load.release()

  load.begin([fast.url, right.url])
  await waitForMoreAcknowledged(load, WEBHOOKS)
  expect(await measureWake(fast, right)).toBeLessThan(2_000)
  expect(await measureWake(right, fast)).toBeLessThan(2_000)
  await load.end()
  for (const tracker of [fast, right]) await waitForRecovery(tracker)
  const lost = await load.listLost(right.url, server)
  reportFigures(`the clock of one of two processes an hour ahead: ${load.summary(lost)}`)
  expect(load.unexpected()).toEqual([])
  expect(lost).toEqual([])

  async function uploadWithKey(url: string) {
    const body = new FormData()
    body.append('file', new Blob(['hello']), 'shirt.jpg')
    body.append('fileName', 'shirt.jpg')
    body.append('extensions', EXTENSIONS)
    const response = await fetch(url + UPLOAD, {
      method: 'POST',
      body,
      headers: { 'idempotency-key': 'one' },
    })
    return { status: response.status, submissionId: response.headers.get('x-submission-id') }
  }
})

/** Selected times, in milliseconds from the present time of the database; negative in the past. */
async function msFromNow(database: TestDatabase, select: string): Promise<number[]> {
  const rows = await readRows<{ ms: number }>(
    database,
    `SELECT at - (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms FROM (${select}) times`,
  )
  return rows.map(({ ms }) => ms)
}

/** The time of each process's last heartbeat, the latest first. */
async function heartbeats(database: TestDatabase): Promise<number[]> {
  const rows = await readRows<{ at: number }>(
    database,
    'SELECT heartbeat_at AS at FROM processes ORDER BY heartbeat_at DESC',
  )
  return rows.map(({ at }) => at)
}
