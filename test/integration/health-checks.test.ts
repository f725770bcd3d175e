import { pino } from 'pino'
import { expect, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import { createTestDatabase, openStoreOf } from '../support/database.ts'
import { startTracker } from '../support/tracker.ts'

test('a service that works is healthy and ready', async () => {
  const tracker = await startTracker()
  const healthy = await fetch(`${tracker.url}/healthz`)
  expect([healthy.status, await healthy.json()]).toEqual([200, { status: 'ok' }])
  const ready = await fetch(`${tracker.url}/readyz`)
  expect(ready.status).toBe(200)
  expect(await ready.json()).toMatchObject({
    status: 'ready',
    store: 'ok',
    migrations: 'ok',
    answersWaiting: 0,
  })
})

test('a store that cannot write makes the service unready with 503, healthy all the same, and ready again by itself', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  let isBroken = true
  const probe = () =>
    isBroken ? Promise.reject(new TrackerError('store_unavailable', 'The disk is full.')) : real.probe()
  const tracker = await startTracker({}, { store: { ...real, probe } }, database)
  const answer = await fetch(`${tracker.url}/readyz`)
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(await answer.json()).toMatchObject({ code: 'store_unavailable', status: 503 })
  expect((await fetch(`${tracker.url}/healthz`)).status).toBe(200)
  isBroken = false
  await expect.poll(async () => (await fetch(`${tracker.url}/readyz`)).status).toBe(200)
})

test('a hundred questions at once are one write', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  let probes = 0
  const probe = () => {
    probes += 1
    return real.probe()
  }
  const tracker = await startTracker({}, { store: { ...real, probe } }, database)
  const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(`${tracker.url}/readyz`)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(probes).toBeLessThan(5)
})

test('a store that is down is told in the log once a second, however often strangers ask', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const probe = () =>
    Promise.reject(new TrackerError('store_unavailable', 'The disk is full.', { cause: new Error('full') }))
  const lines: string[] = []
  const logger = pino({ level: 'error' }, { write: (line) => lines.push(line) })
  const tracker = await startTracker({}, { store: { ...real, probe }, logger }, database)
  const startedAt = performance.now()
  for (let asked = 0; asked < 200; asked += 1) expect((await fetch(`${tracker.url}/readyz`)).status).toBe(503)
  const seconds = Math.ceil((performance.now() - startedAt) / 1000)
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.length).toBeLessThanOrEqual(seconds)
})
