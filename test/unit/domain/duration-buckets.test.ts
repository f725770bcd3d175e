import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketOf, quantileOf } from '../../../src/domain/duration-buckets.ts'

function bucketsOf(seconds: readonly number[]): Map<number, number> {
  const buckets = new Map<number, number>()
  for (const duration of seconds) buckets.set(bucketOf(duration), (buckets.get(bucketOf(duration)) ?? 0) + 1)
  return buckets
}

describe('the quantile of durations', () => {
  test('is within 5 % of the exact one, from 0.1 s to over five months', () => {
    const duration = fc.double({ min: Math.log(0.1), max: Math.log(15_000_000), noNaN: true }).map(Math.exp)
    const durations = fc.array(duration, { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(durations, fc.constantFrom(0.01, 0.5, 0.9, 0.95, 1), (seconds, share) => {
        const sorted = seconds.toSorted((one, other) => one - other)
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
        const quantile = quantileOf(bucketsOf(seconds), share) ?? Number.NaN
        expect(Math.abs(quantile / exact - 1)).toBeLessThanOrEqual(0.05)
      }),
      { numRuns: 2_000 },
    )
  })

  test('is null without buckets, and if all counts are 0', () => {
    expect(quantileOf(new Map(), 0.5)).toBeNull()
    expect(quantileOf(new Map([[7, 0]]), 0.5)).toBeNull()
  })

  test('does not depend on the order of the buckets', () => {
    const buckets = bucketsOf([1, 2, 30, 400, 5])
    const reversed = new Map([...buckets].toReversed())
    expect(quantileOf(reversed, 0.5)).toBe(quantileOf(buckets, 0.5))
  })
})

describe('the bucket of a duration', () => {
  test('is 0 up to 0.1 s, for negative durations and for NaN, and quantiles in that bucket are 0.1 s', () => {
    expect([0, -5, 0.1, Number.NaN].map(bucketOf)).toEqual([0, 0, 0, 0])
    expect(quantileOf(bucketsOf([-5]), 0.5)).toBe(0.1)
  })

  test('never decreases as the duration grows, and is at most 200', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true }), fc.double({ min: 0, noNaN: true }), (one, other) => {
        const [least, greatest] = [Math.min(one, other), Math.max(one, other)]
        expect(bucketOf(least)).toBeLessThanOrEqual(bucketOf(greatest))
        expect(bucketOf(greatest)).toBeLessThanOrEqual(200)
      }),
    )
  })
})
