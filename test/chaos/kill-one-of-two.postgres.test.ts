import { expect, test } from 'vitest'
import { STATE } from '../../src/store/sql/codes.ts'
import { readRows, type TestDatabase } from '../support/database.ts'
import { startOwnServer } from '../support/own-server.ts'
import { numberFor, reportFigures } from './chaos.ts'
import {
  measureWake,
  type Process,
  readLease,
  SLACK_MS,
  startProcess,
  until,
  waitForMoreAcknowledged,
  waitForRecovery,
} from './postgres/processes.ts'
import { createSharedLoad } from './postgres/shared-load.ts'

const KILLS = numberFor('KILLS', { short: 1, long: 10 })
/** How many uploads each killed process has sent to ImageKit without getting a response. */
const DELAYED_UPLOADS = 5

/** A process that has sent no heartbeat for this long counts as ended. */
const SILENT_MS = 30_000
/** At this interval, each process sends a heartbeat and looks for processes that have ended. */
const HEARTBEAT_MS = 10_000
/** Another process takes over the lease within this time: the lease lasts for 20 s, and each heartbeat tries to take it. */
const MAX_TAKEOVER_MS = 30_000

test(`when kill -9 ends one of two processes under load, ${KILLS} times, the other one continues`, {
  timeout: 60_000 + KILLS * 90_000,
}, async () => {
  const server = await startOwnServer()
  const load = await createSharedLoad()
  const start = () => startProcess(server, load)
  let [dying, living]: [Process, Process] = [await start(), await start()]
  let delayed = 0
  let leaseMs = 0
  for (let kill = 0; kill < KILLS; kill += 1) {
    // The older of the two holds the lease.
    const { holder } = await readLease(server)
    load.begin([dying.url, living.url])
    await waitForMoreAcknowledged(load, 100)
    for (let count = 0; count < DELAYED_UPLOADS; count += 1) await load.delayUpload(dying.url)
    delayed += DELAYED_UPLOADS
    const killedAt = performance.now()
    dying.process.kill('SIGKILL')
    await dying.exited
    load.continueAt([living.url])
    const heartbeatAt = await readHeartbeat(server, holder)
    await waitForMoreAcknowledged(load, 100)
    await load.end()

    const [unconfirmedAt, leaseTakenAt] = await Promise.all([
      until(async () => {
        const { unfinished, now } = await readUnfinished(server, holder)
        expect(unfinished).toBe(0)
        return now
      }),
      until(async () => {
        expect((await readLease(server)).holder).not.toBe(holder)
        return performance.now()
      }),
    ])
    expect(unconfirmedAt - heartbeatAt).toBeGreaterThanOrEqual(SILENT_MS)
    expect(unconfirmedAt - heartbeatAt).toBeLessThan(SILENT_MS + HEARTBEAT_MS + SLACK_MS)
    leaseMs = Math.max(leaseMs, leaseTakenAt - killedAt)
    expect(leaseMs).toBeLessThan(MAX_TAKEOVER_MS + SLACK_MS)
    ;[dying, living] = [living, await start()]
    expect(await measureWake(dying, living)).toBeLessThan(2_000)
  }
  const unconfirmed = await readRows<{ count: number }>(
    server,
    `SELECT count(*) AS count FROM submissions WHERE state = ${STATE.to.unconfirmed}`,
  )
  // Other uploads that were in progress may have become unconfirmed, too.
  expect(unconfirmed[0]?.count).toBeGreaterThanOrEqual(delayed)
  await waitForRecovery(living)
  const lost = await load.listLost(living.url, server)
  reportFigures(
    `kill -9 of one of two processes, ${KILLS} times: ${load.summary(lost)}; ${delayed} uploads in progress became unconfirmed ` +
      `after ${SILENT_MS / 1000} s without a heartbeat, the lease was taken over after ${(leaseMs / 1000).toFixed(1)} s at most`,
  )
  expect(load.unexpected()).toEqual([])
  expect(lost).toEqual([])
})

async function readHeartbeat(database: TestDatabase, id: number): Promise<number> {
  const rows = await readRows<{ at: number }>(
    database,
    `SELECT heartbeat_at AS at FROM processes WHERE id = ${id}`,
  )
  return rows[0]?.at ?? Number.NaN
}

/** The number of unfinished uploads that the process owns, and the time of the database. */
async function readUnfinished(
  database: TestDatabase,
  id: number,
): Promise<{ unfinished: number; now: number }> {
  const [row] = await readRows<{ unfinished: number; now: number }>(
    database,
    `SELECT (SELECT count(*) FROM submissions WHERE owner = ${id}) AS unfinished,
      (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now`,
  )
  return row ?? { unfinished: Number.NaN, now: Number.NaN }
}
