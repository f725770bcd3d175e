import { describe, expect, test } from 'vitest'
import { bucketOf } from '../../../src/domain/duration-buckets.ts'
import type { RunStatus } from '../../../src/domain/run.ts'
import type { StatCounter } from '../../../src/domain/stat-counters.ts'
import { totalsOf } from '../../../src/domain/stat-totals.ts'
import { frozen } from './facts.ts'

describe('totals', () => {
  const group = (extension: string, status: RunStatus, count: number) => {
    return { extension, status, acknowledged: false, cause: '', count }
  }

  test('contain the pending runs of the groups, and the settled and expired ones of the counters', () => {
    const groups = [group('a', 'pending', 2), group('b', 'pending', 1), group('a', 'failed', 99)]
    const counters: StatCounter[] = [
      [3, 'settled', 'a', 'success', 4],
      [4, 'settled', 'a', 'success', 1],
      [3, 'settled', 'a', 'failed', 1],
      [3, 'settled', 'c', 'expired', 4],
    ]
    expect(totalsOf(frozen({ groups, counters }))).toMatchObject({
      byStatus: { pending: 3, success: 5, failed: 1, expired: 4 },
      byExtension: {
        a: { pending: 2, success: 5, failed: 1, expired: 0 },
        b: { pending: 1, success: 0, failed: 0, expired: 0 },
        c: { pending: 0, success: 0, failed: 0, expired: 4 },
      },
    })
  })

  test('contain the causes, most frequent first, and the p50 and p95 of the durations', () => {
    const counters: StatCounter[] = [
      [0, 'failed', 'a', 'E1', 1],
      [0, 'failed', 'a', 'E2', 3],
      [0, 'failed', 'b', 'E1', 2],
      [0, 'seconds', '', String(bucketOf(10)), 9],
      [0, 'seconds', '', String(bucketOf(100)), 1],
    ]
    const { causes, settleSeconds } = totalsOf(frozen({ groups: [], counters }))
    expect(causes).toEqual([
      { extension: 'a', cause: 'E2', count: 3 },
      { extension: 'b', cause: 'E1', count: 2 },
      { extension: 'a', cause: 'E1', count: 1 },
    ])
    expect(settleSeconds.p50).toBeCloseTo(10, -1)
    expect(settleSeconds.p95).toBeGreaterThan(90)
    expect(totalsOf({ groups: [], counters: [] }).settleSeconds).toEqual({ p50: null, p95: null })
  })

  test('sum the causes of an extension beyond its 100 most frequent ones as `other`', () => {
    const many = Array.from(
      { length: 103 },
      (_, index): StatCounter => [0, 'failed', 'a', `E${index}`, 200 - index],
    )
    const { causes } = totalsOf(frozen({ groups: [], counters: many }))
    expect(causes).toHaveLength(101)
    expect(causes).toContainEqual({ extension: 'a', cause: 'E99', count: 101 })
    expect(causes[0]).toEqual({ extension: 'a', cause: 'other', count: 100 + 99 + 98 })
  })
})
