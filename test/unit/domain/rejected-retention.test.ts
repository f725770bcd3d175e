import fc from 'fast-check'
import { expect, test } from 'vitest'
import { selectEvicted } from '../../../src/domain/rejected-retention.ts'
import { frozen } from './facts.ts'

const MIB = 1024 * 1024

/**
 * The positions of the evicted deliveries, if deliveries of these sizes are stored, oldest first. `proven`: all of them have a valid
 * token; `unproven`: none has.
 */
function evictedPositions(kind: 'proven' | 'unproven', sizes: readonly number[]) {
  const oldestFirst = sizes.map((storedBytes, position) => ({ position, storedBytes }))
  const totals = { count: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
  return selectEvicted(kind, totals, frozen(oldestFirst)).map(({ position }) => position)
}

test.each([
  ['proven', 10_000],
  ['unproven', 1_000],
] as const)('of %s deliveries, only the newest %i are kept', (kind, count) => {
  expect(
    evictedPositions(
      kind,
      Array.from({ length: count }, () => 0),
    ),
  ).toEqual([])
  expect(
    evictedPositions(
      kind,
      Array.from({ length: count + 2 }, () => 0),
    ),
  ).toEqual([0, 1])
})

test.each([
  ['proven', 256],
  ['unproven', 64],
] as const)('the bodies of %s deliveries are limited to exactly %i MiB in total', (kind, count) => {
  const full = Array.from({ length: count }, () => MIB)
  expect(evictedPositions(kind, full)).toEqual([])
  expect(evictedPositions(kind, [...full, 1])).toEqual([0])
  expect(evictedPositions(kind, [1, ...full])).toEqual([0])
})

test('all given deliveries are evicted if those not given exceed the limit alone', () => {
  const given = [{ storedBytes: 1 }, { storedBytes: 1 }]
  expect(selectEvicted('unproven', { count: 1_005, bytes: 0 }, given)).toEqual(given)
})

test('the remaining deliveries are within the size limit, and no more than necessary are evicted', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 * MIB }), { maxLength: 400, size: 'max' }), (sizes) => {
      const evicted = evictedPositions('unproven', sizes).length
      const bytesFrom = (first: number) => sizes.slice(first).reduce((sum, size) => sum + size, 0)
      expect(bytesFrom(evicted)).toBeLessThanOrEqual(64 * MIB)
      if (evicted > 0) expect(bytesFrom(evicted - 1)).toBeGreaterThan(64 * MIB)
    }),
    { numRuns: 50 },
  )
})
