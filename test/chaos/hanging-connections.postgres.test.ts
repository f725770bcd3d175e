import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { startOwnServer } from '../support/own-server.ts'
import { numberFor, reportFigures } from './chaos.ts'
import { startDatabaseProxy } from './postgres/database-proxy.ts'
import {
  measureWake,
  registerFile,
  SLACK_MS,
  settle,
  startProcess,
  statusAt,
  until,
  waitForMoreAcknowledged,
  waitForRecovery,
} from './postgres/processes.ts'
import { createSharedLoad } from './postgres/shared-load.ts'

const ROUNDS = numberFor('HANGS', { short: 1, long: 5 })

/**
 * The service closes a connection on which a query gets no response for 8 s. If the query was a COMMIT, the service then tries for 3 s to
 * find out whether the batch was committed.
 */
const MAX_REJECTION_MS = 11_000

test(`the service continues after connections to PostgreSQL hang or are forgotten by the server, ${ROUNDS} times`, {
  timeout: 60_000 + ROUNDS * 120_000,
}, async () => {
  const server = await startOwnServer()
  const proxy = await startDatabaseProxy(server.port)
  const load = await createSharedLoad()
  const hanging = await startProcess({ url: proxy.through(server.url) }, load)
  const other = await startProcess(server, load)
  const watched = await registerFile(other)
  /** Counts the listening connections that the server knows; each process has one. */
  const countListeners = async () =>
    (await readRows(server, `SELECT FROM pg_stat_activity WHERE application_name LIKE '% changes'`)).length
  let immediateMs = 0
  load.begin([hanging.url, other.url])
  for (let round = 0; round < ROUNDS; round += 1) {
    await waitForMoreAcknowledged(load, 100)
    proxy.hang()
    // The first request of each kind waits until its connection is closed. From then on the service responds immediately.
    for (const send of [settle, statusAt]) {
      expect(await send(hanging, watched)).toMatchObject({ status: 503 })
      for (let count = 0; count < 10; count += 1) {
        const { status, retryAfter, ms } = await send(hanging, watched)
        expect({ status, retryAfter }).toEqual({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) })
        immediateMs = Math.max(immediateMs, ms)
      }
    }
    expect(immediateMs).toBeLessThan(1_000)
    await waitForMoreAcknowledged(load, 100)
    proxy.forward()
    await waitForRecovery(hanging)
    expect(await statusAt(hanging, watched)).toMatchObject({ status: 200 })
    expect(await measureWake(other, hanging)).toBeLessThan(2_000)

    await waitForMoreAcknowledged(load, 100)
    proxy.forgetConnections()
    await until(async () => expect(await countListeners()).toBe(1))
    await until(async () =>
      expect(await settle(hanging, await registerFile(other)).then(({ status }) => status)).toBe(200),
    )
    await until(async () => expect(await countListeners()).toBe(2))
    await waitForRecovery(hanging)
    expect(await measureWake(other, hanging)).toBeLessThan(2_000)
  }
  await load.end()
  await waitForRecovery(hanging)
  const slowestMs = Math.max(...load.rejections().map(({ ms }) => ms))
  const lost = await load.listLost(other.url, server)
  reportFigures(
    `connections that hang or are forgotten, ${ROUNDS} times: ${load.summary(lost)}; the slowest 503 took ` +
      `${(slowestMs / 1000).toFixed(1)} s, and at most ${immediateMs.toFixed(0)} ms once a connection had timed out`,
  )
  expect(load.unexpected()).toEqual([])
  expect(slowestMs).toBeLessThan(MAX_REJECTION_MS + SLACK_MS)
  expect(lost).toEqual([])
})
