import { expect, test } from 'vitest'
import { startOwnServer } from '../support/own-server.ts'
import { numberFor, reportFigures } from './chaos.ts'
import {
  measureWake,
  registerFile,
  settle,
  startProcess,
  statusAt,
  until,
  waitForMoreAcknowledged,
  waitForRecovery,
} from './postgres/processes.ts'
import { createSharedLoad } from './postgres/shared-load.ts'

const RESTARTS = numberFor('RESTARTS', { short: 2, long: 10 })

/** More requests than this must get 503 before the server is started again. */
const MIN_REJECTIONS = 100

test(`the service continues after PostgreSQL crashes and restarts under load, ${RESTARTS} times`, {
  timeout: 60_000 + RESTARTS * 60_000,
}, async () => {
  const server = await startOwnServer()
  const load = await createSharedLoad()
  const [one, two] = [await startProcess(server, load), await startProcess(server, load)]
  const watched = await registerFile(one)
  load.begin([one.url, two.url])
  let slowestMs = 0
  let longestWakeMs = 0
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    await waitForMoreAcknowledged(load, 100)
    await server.crash()
    const downAt = performance.now()
    const whileDown = () => load.rejections().filter(({ sentAt }) => sentAt > downAt)
    await until(() => expect(whileDown().length).toBeGreaterThan(MIN_REJECTIONS))
    for (const tracker of [one, two, one, two])
      for (const response of [await statusAt(tracker, watched), await settle(tracker, watched)]) {
        expect(response).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) })
        expect(response.ms).toBeLessThan(1_000)
      }
    const readiness = await fetch(`${one.url}/readyz`)
    expect(readiness.status).toBe(503)
    expect(await readiness.text()).toContain('Unavailable since')
    for (const { ms, retryAfter } of whileDown()) {
      expect(retryAfter).toMatch(/^\d+$/)
      slowestMs = Math.max(slowestMs, ms)
    }
    expect(slowestMs).toBeLessThan(1_000)
    await server.start()
    await waitForMoreAcknowledged(load, 100)
    for (const tracker of [one, two]) await waitForRecovery(tracker)
    longestWakeMs = Math.max(longestWakeMs, await measureWake(one, two), await measureWake(two, one))
    expect(longestWakeMs).toBeLessThan(2_000)
  }
  await load.end()
  for (const tracker of [one, two]) await waitForRecovery(tracker)
  const lost = await load.listLost(one.url, server)
  reportFigures(
    `PostgreSQL crashed and restarted ${RESTARTS} times: ${load.summary(lost)}; while it was down, a 503 took ` +
      `${slowestMs.toFixed(0)} ms at most; afterwards, when one process settled a run, a request that waited at the other one got its status within ` +
      `${longestWakeMs.toFixed(0)} ms at most`,
  )
  expect(load.unexpected()).toEqual([])
  expect(lost).toEqual([])
})
