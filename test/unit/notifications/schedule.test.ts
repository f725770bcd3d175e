import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextAttempt, notificationIdOf } from '../../../src/domain/notification.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

const attempts = fc.integer({ min: 1, max: 2_000 })
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

/** The pause after an attempt of a new notification. `retryAfterMs` is the pause that the receiver requests. */
function pauseAfter(attempt: number, random: number, retryAfterMs: number | null = null): number {
  const next = nextAttempt({ attempt, createdAt: 0 }, { now: 0, retryAfterMs, random })
  if (next === 'give_up') throw new Error('gave up')
  return next.at
}

/** The times of all attempts of a notification, each of which fails immediately. */
function attemptTimes(random: () => number, retryAfterMs: number | null = null): number[] {
  const times = [0]
  for (let attempt = 1; ; attempt += 1) {
    const now = times.at(-1) ?? 0
    const next = nextAttempt({ attempt, createdAt: 0 }, { now, retryAfterMs, random: random() })
    if (next === 'give_up') return times
    times.push(next.at)
  }
}

test('The id of a notification follows from its run', () => {
  expect(notificationIdOf('run-1')).toBe('msg_run-1')
})

describe('The pause before a retry', () => {
  test('starts at 5 s and doubles up to an hour', () => {
    const pauses = [1, 2, 3, 4, 9, 10, 11, 12, 50].map((attempt) => pauseAfter(attempt, 0.5))
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 1_280_000, 2_560_000, HOUR, HOUR, HOUR])
  })

  test('is between 5 s minus the jitter and an hour plus the jitter, unless the receiver requests a longer one', () => {
    fc.assert(
      fc.property(attempts, randoms, (attempt, random) => {
        const pause = pauseAfter(attempt, random)
        expect(pause).toBeGreaterThanOrEqual(4_000)
        expect(pause).toBeLessThanOrEqual(1.2 * HOUR)
      }),
    )
  })

  test('never has a lower minimum or maximum after a later attempt', () => {
    fc.assert(
      fc.property(attempts, attempts, (one, other) => {
        const [earlier, later] = one < other ? [one, other] : [other, one]
        expect(pauseAfter(later, 0)).toBeGreaterThanOrEqual(pauseAfter(earlier, 0))
        expect(pauseAfter(later, 0.999)).toBeGreaterThanOrEqual(pauseAfter(earlier, 0.999))
      }),
    )
  })

  test('spreads notifications that failed together', () => {
    expect(pauseAfter(1, 0)).toBe(4_000)
    expect(pauseAfter(1, 0.999)).toBeGreaterThan(5_990)
  })

  test('is the usual one or the one that the receiver requests, whichever is longer', () => {
    fc.assert(
      fc.property(attempts, randoms, fc.integer({ min: 0, max: DAY }), (attempt, random, retryAfterMs) => {
        const pause = pauseAfter(attempt, random, retryAfterMs)
        expect(pause).toBe(Math.max(pauseAfter(attempt, random), retryAfterMs))
      }),
    )
  })

  test('is at most an hour if the notification was created while the clock was ahead, even if more was requested', () => {
    const next = nextAttempt({ attempt: 1, createdAt: 1 }, { now: 0, retryAfterMs: DAY, random: 0.5 })
    expect(next).toEqual({ at: HOUR })
  })
})

describe('A notification that always fails', () => {
  test('is retried for up to 24 hours, then given up', () => {
    fc.assert(
      fc.property(fc.infiniteStream(randoms), (stream) => {
        const times = attemptTimes(() => stream.next().value)
        const last = times.at(-1) ?? 0
        expect(last).toBeLessThanOrEqual(DAY)
        expect(last).toBeGreaterThan(DAY - 1.2 * HOUR)
        expect(times.length).toBeGreaterThan(25)
        expect(times.length).toBeLessThan(45)
      }),
    )
  })

  test('may be due exactly 24 hours after its creation, and not a millisecond later', () => {
    const failed = { attempt: 1, createdAt: 1_000 }
    const fact = { retryAfterMs: null, random: 0.5 }
    const last = 1_000 + DAY
    expect(nextAttempt(failed, { now: last - 5_000, ...fact })).toEqual({ at: last })
    expect(nextAttempt(failed, { now: last - 4_999, ...fact })).toBe('give_up')
  })

  test('is given up if the receiver requests more than the remaining time', () => {
    expect(attemptTimes(() => 0.5, 11 * HOUR)).toEqual([0, 11 * HOUR, 22 * HOUR])
  })
})
