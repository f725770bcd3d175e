import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import {
  addUp,
  bucketOf,
  countStatuses,
  hourOf,
  quantileOf,
  tallyChange,
  tallySpansOf,
  totalsOf,
} from '../../../src/domain/tally.ts'
import { aRun, frozen } from './facts.ts'

const HOUR = 3_600_000
const counted = (facts: Partial<Run>, cause = '') => frozen({ run: aRun(facts), cause })
const failed = (cause: string, settledAt = 5 * HOUR) => counted({ status: 'failed', settledAt }, cause)

describe('what a change of a run is counted as', () => {
  test('a success is counted in the hour in which it came, with how long it took', () => {
    const pending = counted({ requestedAt: 5 * HOUR - 10_000 })
    const success = counted({ requestedAt: 5 * HOUR - 10_000, status: 'success', settledAt: 5 * HOUR })
    expect(tallyChange(pending, success)).toEqual([
      { hour: 5, counted: ['settled', 'success', 'remove-bg', 1] },
      { hour: 5, counted: ['seconds', String(bucketOf(10)), '', 1] },
    ])
    expect(tallyChange(undefined, success)).toEqual(tallyChange(pending, success))
  })

  test('a failure is counted by its cause, and what expired without a duration', () => {
    expect(tallyChange(undefined, failed('E1'))).toContainEqual({
      hour: 5,
      counted: ['failed', 'E1', 'remove-bg', 1],
    })
    const expired = counted({ status: 'expired', updatedAt: 7 * HOUR })
    expect(tallyChange(undefined, expired)).toEqual([
      { hour: 7, counted: ['settled', 'expired', 'remove-bg', 1] },
    ])
  })

  test('what is pending is not counted, and what stays as it was changes nothing', () => {
    expect(tallyChange(undefined, counted({}))).toEqual([])
    expect(tallyChange(counted({}), undefined)).toEqual([])
    const acknowledged = counted({ ...failed('E1').run, acknowledgedAt: 9 }, 'E1')
    expect(tallyChange(failed('E1'), acknowledged)).toEqual([])
  })

  test.each([
    ['settled after it had expired', counted({ status: 'expired', updatedAt: 2 * HOUR }), failed('E1')],
    ['of which the cause is told later', failed(''), failed('E1')],
    ['that is not listed any more', failed('E1'), undefined],
    ['that is listed again', undefined, failed('E1')],
  ])('of a run %s what was counted is taken back, and what it is now is counted', (_, before, after) => {
    const taken = tallyChange(undefined, before).map(({ hour, counted: [kind, value, extension] }) => {
      return { hour, counted: [kind, value, extension, -1] }
    })
    expect(tallyChange(before, after)).toEqual([...taken, ...tallyChange(undefined, after)])
    expect(taken.length + tallyChange(undefined, after).length).toBeGreaterThan(0)
  })

  test('hours are those of the epoch', () => {
    expect([hourOf(0), hourOf(HOUR - 1), hourOf(HOUR)]).toEqual([0, 0, 1])
  })
})

describe('counts', () => {
  test('are added up for each kind, value and extension apart; what comes to nothing goes', () => {
    const counts = [
      ['settled', 'failed', 'a b', 2],
      ['failed', 'failed', 'a b', 1],
      ['failed', 'b failed', 'a', 1],
      ['settled', 'failed', 'a b', 3],
      ['settled', 'success', '__proto__', 4],
      ['failed', 'failed', 'a b', -1],
    ] as const
    expect(addUp(frozen(counts))).toEqual([
      ['settled', 'failed', 'a b', 5],
      ['failed', 'b failed', 'a', 1],
      ['settled', 'success', '__proto__', 4],
    ])
    expect(countStatuses(counts)).toEqual({ success: 4, failed: 5, expired: 0 })
  })
})

describe('totals', () => {
  const group = (extension: string, status: Run['status'], size: number) => {
    return { extension, status, acknowledged: false, cause: '', size }
  }

  test('have what is pending now, and what came to its end', () => {
    const groups = [group('a', 'pending', 2), group('b', 'pending', 1), group('a', 'failed', 99)]
    const counts = [
      ['settled', 'success', 'a', 5],
      ['settled', 'failed', 'a', 1],
      ['settled', 'expired', 'c', 4],
    ] as const
    expect(totalsOf(frozen(groups), frozen(counts))).toMatchObject({
      byStatus: { pending: 3, success: 5, failed: 1, expired: 4 },
      byExtension: {
        a: { pending: 2, success: 5, failed: 1, expired: 0 },
        b: { pending: 1, success: 0, failed: 0, expired: 0 },
        c: { pending: 0, success: 0, failed: 0, expired: 4 },
      },
    })
  })

  test('have the causes, the most frequent first, and the times to settle', () => {
    const counts = [
      ['failed', 'E1', 'a', 1],
      ['failed', 'E2', 'a', 3],
      ['failed', 'E1', 'b', 2],
      ['seconds', String(bucketOf(10)), '', 9],
      ['seconds', String(bucketOf(100)), '', 1],
    ] as const
    const { causes, settleSeconds } = totalsOf([], frozen(counts))
    expect(causes).toEqual([
      { extension: 'a', cause: 'E2', count: 3 },
      { extension: 'b', cause: 'E1', count: 2 },
      { extension: 'a', cause: 'E1', count: 1 },
    ])
    expect(settleSeconds.p50).toBeCloseTo(10, -1)
    expect(settleSeconds.p95).toBeGreaterThan(90)
    expect(totalsOf([], []).settleSeconds).toEqual({ p50: null, p95: null })
  })
})

describe('the spans of some hours', () => {
  test('are the days that are whole, and the hours before and after', () => {
    expect(tallySpansOf(20, 75)).toEqual([
      { hours: 1, from: 20, until: 24 },
      { hours: 24, from: 24, until: 72 },
      { hours: 1, from: 72, until: 75 },
    ])
    expect(tallySpansOf(25, 48)).toEqual([{ hours: 1, from: 25, until: 48 }])
  })

  test('have each of the hours once, and never more than 46 of them apart', () => {
    const hour = fc.nat(500)
    fc.assert(
      fc.property(hour, hour, (one, other) => {
        const [from, until] = [Math.min(one, other), Math.max(one, other)]
        const spans = tallySpansOf(from, until)
        const found = spans.flatMap((span) =>
          Array.from({ length: span.until - span.from }, (_, index) => span.from + index),
        )
        expect(found).toEqual(Array.from({ length: until - from }, (_, index) => from + index))
        const apart = spans.filter(({ hours }) => hours === 1).map((span) => span.until - span.from)
        expect(apart.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(46)
        for (const span of spans) expect([span.from % span.hours, span.until % span.hours]).toEqual([0, 0])
      }),
    )
  })
})

function bucketsOf(seconds: readonly number[]): Map<number, number> {
  const buckets = new Map<number, number>()
  for (const each of seconds) buckets.set(bucketOf(each), (buckets.get(bucketOf(each)) ?? 0) + 1)
  return buckets
}

describe('the quantile of durations', () => {
  test('is told to within five per cent of the exact one, between a tenth of a second and months', () => {
    const duration = fc.double({ min: Math.log(0.1), max: Math.log(15_000_000), noNaN: true }).map(Math.exp)
    const durations = fc.array(duration, { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(durations, fc.constantFrom(0.01, 0.5, 0.9, 0.95, 1), (seconds, share) => {
        const sorted = seconds.toSorted((one, other) => one - other)
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
        const told = quantileOf(bucketsOf(seconds), share) ?? Number.NaN
        expect(Math.abs(told / Math.max(exact, 0.1) - 1)).toBeLessThanOrEqual(0.05)
      }),
      { numRuns: 2_000 },
    )
  })

  test('is null where nothing was counted, also where all of it was taken back', () => {
    expect(quantileOf(new Map(), 0.5)).toBeNull()
    expect(quantileOf(new Map([[7, 0]]), 0.5)).toBeNull()
  })

  test('does not depend on the order in which buckets come', () => {
    const buckets = bucketsOf([1, 2, 30, 400, 5])
    const turned = new Map([...buckets].toReversed())
    expect(quantileOf(turned, 0.5)).toBe(quantileOf(buckets, 0.5))
  })
})

describe('the bucket of a duration', () => {
  test('is the first one for what took no time, or less than none when the clock went back', () => {
    expect([0, -5, 0.1, Number.NaN].map(bucketOf)).toEqual([0, 0, 0, 0])
    expect(quantileOf(bucketsOf([-5]), 0.5)).toBe(0.1)
  })

  test('grows with the duration, and never beyond the last', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true }), fc.double({ min: 0, noNaN: true }), (one, other) => {
        const [least, greatest] = [Math.min(one, other), Math.max(one, other)]
        expect(bucketOf(least)).toBeLessThanOrEqual(bucketOf(greatest))
        expect(bucketOf(greatest)).toBeLessThanOrEqual(200)
      }),
    )
  })
})
