import { expect, test } from 'vitest'
import { createServerClock } from '../../../src/tracking/server-clock.ts'
import { createIdempotencyClock } from '../../../src/tracking/uploads/idempotency-clock.ts'

const HOUR = 3_600_000

/**
 * A process whose clock is an hour ahead of the database's. A synchronisation takes `roundTripMs`; halfway through, the database
 * reads its clock.
 */
function hourAhead({ isShared = true } = {}) {
  const state = { uptime: 500, server: 10 * HOUR, roundTripMs: 0, reads: 0 }
  const pass = (ms: number) => {
    state.uptime += ms
    state.server += ms
  }
  const clock = createServerClock({ clock: () => state.server + HOUR, uptimeMs: () => state.uptime })
  const store = {
    isShared,
    async readServerTime() {
      state.reads += 1
      pass(state.roundTripMs / 2)
      const serverTime = state.server
      pass(state.roundTripMs / 2)
      return serverTime
    },
  }
  return { state, pass, clock, synchronize: () => clock.synchronize(store) }
}

test('a process that shares its database uses its own clock until the first synchronisation, then the clock of the database', async () => {
  const { state, pass, clock, synchronize } = hourAhead()
  expect(clock.now()).toBe(11 * HOUR)
  state.roundTripMs = 80
  await synchronize()
  expect(clock.now()).toBe(state.server)
  pass(12_345)
  expect(clock.now()).toBe(state.server)
})

test('a later synchronisation corrects the clock, unless its round trip took too long', async () => {
  const { state, clock, synchronize } = hourAhead()
  await synchronize()
  state.server += 5_000
  state.roundTripMs = 20_000
  await synchronize()
  expect(state.server - clock.now()).toBe(5_000)
  state.roundTripMs = 100
  await synchronize()
  expect(clock.now()).toBe(state.server)
})

test('while the database is unavailable, the clock continues as before', async () => {
  const { state, pass, clock, synchronize } = hourAhead()
  await synchronize()
  const failing = { isShared: true, readServerTime: () => Promise.reject(new Error('gone')) }
  await expect(clock.synchronize(failing)).rejects.toThrow('gone')
  pass(100)
  expect(clock.now()).toBe(state.server)
})

test('a process that has its database to itself uses its own clock, and does not read the database’s', async () => {
  const { state, clock, synchronize } = hourAhead({ isShared: false })
  await synchronize()
  expect([clock.now(), state.reads]).toEqual([11 * HOUR, 0])
})

test('idempotency keys expire by the clock of a shared database, otherwise by one that continues from the newest claim', () => {
  let uptime = 100
  const idempotencyClock = createIdempotencyClock({ clock: () => 5 * HOUR, uptimeMs: () => uptime })
  idempotencyClock.continueFrom(2 * HOUR)
  uptime += 7
  expect(idempotencyClock.now()).toBe(2 * HOUR + 7)
  idempotencyClock.follow(() => 3 * HOUR)
  expect(idempotencyClock.now()).toBe(3 * HOUR)
})
