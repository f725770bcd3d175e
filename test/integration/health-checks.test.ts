import { pino } from 'pino'
import { expect, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import { createTestDatabase, openStoreOf } from '../support/database.ts'
import { checksOf } from '../support/operator.ts'
import { API_KEY, startTracker } from '../support/tracker.ts'

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
    queuedWrites: 0,
  })
})

test('while the store cannot write, the service is healthy but not ready', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  let isBroken = true
  const probe = () =>
    isBroken ? Promise.reject(new TrackerError('store_unavailable', 'The disk is full.')) : real.probe()
  const tracker = await startTracker({}, { store: { ...real, probe } }, database)
  const response = await fetch(`${tracker.url}/readyz`)
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(await response.json()).toMatchObject({ code: 'store_unavailable', status: 503 })
  expect((await fetch(`${tracker.url}/healthz`)).status).toBe(200)
  isBroken = false
  await expect.poll(async () => (await fetch(`${tracker.url}/readyz`)).status).toBe(200)
})

test('/readyz, the metrics and doctor show since when the store has been unavailable', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  let now = Date.UTC(2026, 0, 2, 3, 4, 5, 6)
  let isBroken = false
  const unlessBroken = <T>(step: () => Promise<T>) =>
    isBroken ? Promise.reject(new TrackerError('store_unavailable', 'The disk is full.')) : step()
  const store = { ...real, probe: () => unlessBroken(() => real.probe()) }
  const tracker = await startTracker({}, { store, clock: () => now }, database)
  const unavailableSeconds = async () => {
    const key = { headers: { authorization: `Bearer ${API_KEY}` } }
    const text = await (await tracker.fetch('/metrics', key)).text()
    return Number(/^tracker_store_unavailable_seconds (.*)$/m.exec(text)?.[1])
  }
  const isReady = async () => (await fetch(`${tracker.url}/readyz`)).ok
  await expect.poll(isReady).toBe(true)
  expect(await unavailableSeconds()).toBe(0)

  isBroken = true
  await expect.poll(isReady).toBe(false)
  now += 90_000
  const detail = 'The disk is full. Unavailable since 2026-01-02T03:04:05.006Z.'
  expect(await (await fetch(`${tracker.url}/readyz`)).json()).toMatchObject({ detail })
  expect(await unavailableSeconds()).toBe(90)
  const [check] = await checksOf(tracker, 'database')
  expect(check?.message).toContain(detail)

  isBroken = false
  await expect.poll(isReady).toBe(true)
  expect(await unavailableSeconds()).toBe(0)
})

test('a heartbeat that cannot be written marks the store as unavailable without a request to /readyz', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  let beats = 0
  // The first heartbeat is written during the start, which must succeed.
  const heartbeat = (at: number) => {
    beats += 1
    if (beats === 1) return real.heartbeat(at)
    return Promise.reject(new TrackerError('store_unavailable', 'The disk is full.'))
  }
  const tracker = await startTracker({}, { store: { ...real, heartbeat } }, database)
  await expect
    .poll(async () => (await tracker.fetch('/metrics')).text())
    .toMatch(/^tracker_store_unavailable_seconds (?!0$)/m)
})

test('a lease that cannot be renewed does not count as an outage while heartbeats are written', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  let attempts = 0
  const acquireLease = () => {
    attempts += 1
    return Promise.reject(new TrackerError('store_unavailable', 'canceling statement due to lock timeout'))
  }
  const tracker = await startTracker({}, { store: { ...real, acquireLease } }, database)
  // After a failure, the heartbeat job runs again after 2 s instead of 10 s.
  await expect.poll(() => attempts, { timeout: 9_000 }).toBeGreaterThan(2)
  expect(await (await tracker.fetch('/metrics')).text()).toMatch(/^tracker_store_unavailable_seconds 0$/m)
})

test('a failure to recover the uploads of ended processes does not count as an outage while heartbeats are written', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  let attempts = 0
  // The first attempt belongs to the start, because the database is not shared. The start must succeed.
  const recoverAbandoned: typeof real.recoverAbandoned = (...args) => {
    attempts += 1
    if (attempts === 1) return real.recoverAbandoned(...args)
    return Promise.reject(new TrackerError('store_unavailable', 'canceling statement due to lock timeout'))
  }
  const store = { ...real, isShared: false, recoverAbandoned }
  const tracker = await startTracker({}, { store }, database)
  await expect.poll(() => attempts, { timeout: 9_000 }).toBeGreaterThan(2)
  expect(await (await tracker.fetch('/metrics')).text()).toMatch(/^tracker_store_unavailable_seconds 0$/m)
})

test('a hundred concurrent /readyz requests probe the store fewer than five times', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  let probes = 0
  const probe = () => {
    probes += 1
    return real.probe()
  }
  const tracker = await startTracker({}, { store: { ...real, probe } }, database)
  const responses = await Promise.all(Array.from({ length: 100 }, () => fetch(`${tracker.url}/readyz`)))
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]))
  expect(probes).toBeLessThan(5)
})

test('a store that is down is logged at most once a second, however often /readyz is requested', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const probe = () =>
    Promise.reject(new TrackerError('store_unavailable', 'The disk is full.', { cause: new Error('full') }))
  const lines: string[] = []
  const logger = pino({ level: 'error' }, { write: (line) => lines.push(line) })
  const tracker = await startTracker({}, { store: { ...real, probe }, logger }, database)
  const startedAt = performance.now()
  for (let count = 0; count < 50; count += 1) expect((await fetch(`${tracker.url}/readyz`)).status).toBe(503)
  const seconds = Math.ceil((performance.now() - startedAt) / 1000)
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.length).toBeLessThanOrEqual(seconds)
})
