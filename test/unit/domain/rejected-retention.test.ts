import fc from 'fast-check'
import { expect, test } from 'vitest'
import { selectEvicted } from '../../../src/domain/rejected-retention.ts'
import { frozen } from './facts.ts'

const MIB = 1024 * 1024

/** Selects among deliveries with a valid token (`proven`) or without (`unproven`), the oldest first. Returns their positions. */
function select(kind: 'proven' | 'unproven', sizes: readonly number[]) {
  const oldestFirst = sizes.map((storedBytes, seq) => ({ seq, storedBytes }))
  const totals = { count: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
  return selectEvicted(kind, totals, frozen(oldestFirst)).map(({ seq }) => seq)
}

test.each([
  ['proven', 10_000],
  ['unproven', 1_000],
] as const)('of %s deliveries, only the newest %i are kept', (kind, count) => {
  expect(
    select(
      kind,
      Array.from({ length: count }, () => 0),
    ),
  ).toEqual([])
  expect(
    select(
      kind,
      Array.from({ length: count + 2 }, () => 0),
    ),
  ).toEqual([0, 1])
})

test.each([
  ['proven', 256],
  ['unproven', 64],
] as const)('the bodies of %s deliveries are limited to exactly %i MiB', (kind, count) => {
  const full = Array.from({ length: count }, () => MIB)
  expect(select(kind, full)).toEqual([])
  expect(select(kind, [...full, 1])).toEqual([0])
  expect(select(kind, [1, ...full])).toEqual([0])
})

test('all listed deliveries are evicted if the others alone exceed the limit', () => {
  const part = [{ storedBytes: 1 }, { storedBytes: 1 }]
  expect(selectEvicted('unproven', { count: 1_005, bytes: 0 }, part)).toEqual(part)
})

test('the remaining deliveries are within the limits, and no more than necessary are evicted', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 * MIB }), { maxLength: 400, size: 'max' }), (sizes) => {
      const evicted = select('unproven', sizes).length
      const bytesFrom = (first: number) => sizes.slice(first).reduce((sum, size) => sum + size, 0)
      expect(bytesFrom(evicted)).toBeLessThanOrEqual(64 * MIB)
      if (evicted > 0) expect(bytesFrom(evicted - 1)).toBeGreaterThan(64 * MIB)
    }),
    { numRuns: 50 },
  )
})
