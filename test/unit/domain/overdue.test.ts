import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideSweep, selectOverdue } from '../../../src/domain/overdue.ts'

const MINUTE = 60_000
const NOW = 100 * MINUTE
const RULE = { now: NOW, overdueAfterMs: 10 * MINUTE, longestTransactionMs: 0, limit: 10 }
const PENDING = { isPending: true, isOverdue: false }

describe('the sweep', () => {
  test.each([
    ['requested just long enough ago to be overdue', 'mark', 'skip', NOW - 10 * MINUTE],
    ['requested a millisecond later', 'stop', 'stop', NOW - 10 * MINUTE + 1],
    ['requested long ago', 'mark', 'skip', 0],
    ['requested now', 'stop', 'stop', NOW],
    ['dated a minute ahead of the clock', 'stop', 'stop', NOW + MINUTE],
    ['dated further ahead, by a wrong clock', 'mark', 'skip', NOW + MINUTE + 1],
    ['dated years ahead', 'mark', 'skip', Number.MAX_SAFE_INTEGER],
  ] as const)(
    'handles a run %s: %s if it is pending and not marked yet, otherwise %s',
    (_, ifUnmarked, otherwise, requestedAt) => {
      expect(decideSweep({ ...PENDING, requestedAt }, RULE)).toBe(ifUnmarked)
      expect(decideSweep({ ...PENDING, isPending: false, requestedAt }, RULE)).toBe(otherwise)
      expect(decideSweep({ ...PENDING, isOverdue: true, requestedAt }, RULE)).toBe(otherwise)
    },
  )

  test('marks a run requested now if runs are overdue at once, and stops at one dated slightly later', () => {
    const rule = { now: NOW, overdueAfterMs: 0 }
    expect(decideSweep({ ...PENDING, requestedAt: NOW }, rule)).toBe('mark')
    expect(decideSweep({ ...PENDING, requestedAt: NOW + 1 }, rule)).toBe('stop')
  })

  test('marks every pending run eventually, whatever its date', () => {
    const date = fc.oneof(fc.integer({ min: -NOW, max: 3 * NOW }), fc.maxSafeNat())
    fc.assert(
      fc.property(date, fc.nat(100 * MINUTE), (requestedAt, overdueAfterMs) => {
        const later = NOW + 2 * MINUTE + overdueAfterMs
        const sweepAt = (now: number) => decideSweep({ ...PENDING, requestedAt }, { now, overdueAfterMs })
        // A run dated at most a minute ahead is old enough by `later`. Any other has a wrong date, and counts as old at once.
        expect(requestedAt > NOW + MINUTE ? sweepAt(NOW) : sweepAt(later)).toBe('mark')
      }),
    )
  })
})

describe('the runs that one step of the sweep marks', () => {
  const run = (n: number, requestedAt = 0, facts = {}) => ({ n, ...PENDING, requestedAt, ...facts })

  test('are due from the time at which they became overdue, but never in the future', () => {
    const runs = [run(1), run(2, 0, { isPending: false }), run(4, NOW + 2 * MINUTE), run(5, NOW), run(6)]
    const overdue = [
      { n: 1, dueAt: 10 * MINUTE },
      { n: 4, dueAt: NOW },
    ]
    expect(selectOverdue(runs, RULE)).toEqual({ overdue, swept: 4 })
  })

  test('are none if the first run is young', () => {
    expect(selectOverdue([run(5, NOW), run(6)], RULE)).toEqual({ overdue: [], swept: undefined })
  })

  test('are limited in number, and the next sweep begins after the last one', () => {
    const runs = [run(1), run(2), run(3, 0, { isPending: false }), run(4), run(5)]
    const { overdue, swept } = selectOverdue(runs, { ...RULE, limit: 2 })
    expect(overdue.map(({ n }) => n)).toEqual([1, 2])
    expect(swept).toBe(2)
  })

  test('exclude marked runs younger than the longest transaction, which the sweep reads again, and these do not count towards the limit', () => {
    const rule = { ...RULE, overdueAfterMs: 0, longestTransactionMs: MINUTE, limit: 2 }
    const marked = [run(1, NOW, { isOverdue: true }), run(2, NOW, { isOverdue: true })]
    const { overdue, swept } = selectOverdue([...marked, run(3, NOW), run(4, NOW), run(5, NOW)], rule)
    expect(overdue.map(({ n }) => n)).toEqual([3, 4])
    // All five are that young, so the next sweep begins with the first of them again.
    expect(swept).toBeUndefined()
  })

  test('include a run younger than the longest transaction, but the next sweep begins with the first such run again', () => {
    const rule = { ...RULE, overdueAfterMs: 0, longestTransactionMs: MINUTE }
    // Run 8 is the first that is younger than a minute.
    const runs = [run(7, NOW - MINUTE), run(8, NOW - MINUTE + 1), run(9, NOW - 2 * MINUTE)]
    const { overdue, swept } = selectOverdue(runs, rule)
    expect(overdue.map(({ n }) => n)).toEqual([7, 8, 9])
    expect(swept).toBe(7)
  })
})
