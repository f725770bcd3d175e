import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RefusalCause } from '../../../src/domain/delivery.ts'
import { listSurplus, ringOf } from '../../../src/domain/refused-rings.ts'
import { frozen } from './facts.ts'

const MIB = 1024 * 1024
const UNVERIFIED = [
  'forged_token',
  'no_secret',
  'absent_signature',
  'malformed_signature',
  'bad_signature',
  'stale_signature',
] as const satisfies RefusalCause[]
const OTHER = ['not_json', 'too_large', 'broken_off', 'too_slow'] as const satisfies RefusalCause[]

function many(count: number, cause: RefusalCause, keptBytes = 0) {
  return Array.from({ length: count }, (_, index) => ({ seq: -index, cause, keptBytes }))
}

describe('the ring of a refused delivery', () => {
  test.each(UNVERIFIED)('is that of the unverified ones for %s', (cause) => {
    expect(ringOf(cause)).toBe('unverified')
  })

  test.each(OTHER)('is that of all others for %s', (cause) => {
    expect(ringOf(cause)).toBe('other')
  })
})

describe('of the refused deliveries', () => {
  test('1,000 unverified and 200 others stay, and the oldest of each ring go', () => {
    const unverified = many(1_002, 'bad_signature')
    const others = many(203, 'not_json')
    expect(listSurplus(frozen([...others, ...unverified]))).toEqual([
      ...others.slice(200),
      ...unverified.slice(1_000),
    ])
  })

  test('a flood of one ring takes nothing from the other', () => {
    const one = { seq: 1, cause: 'no_secret', keptBytes: 10 } as const
    expect(listSurplus([...many(5_000, 'not_json'), one])).not.toContain(one)
    const other = { ...one, cause: 'too_large' } as const
    expect(listSurplus([...many(5_000, 'forged_token'), other])).not.toContain(other)
  })

  test('the bodies are 64 MiB together, exactly, and the oldest go first, of whichever ring', () => {
    const kept = many(64, 'forged_token', MIB)
    expect(listSurplus(kept)).toEqual([])
    const older = { seq: -64, cause: 'too_large', keptBytes: 1 } as const
    expect(listSurplus([...kept, older])).toEqual([older])
    const newer = { ...older, seq: 1 }
    expect(listSurplus([newer, ...kept])).toEqual(kept.slice(63))
  })

  test('what goes for want of a place in its ring takes no room from the rest', () => {
    const others = many(264, 'not_json', MIB / 4)
    const unverified = many(10, 'no_secret', MIB)
    expect(listSurplus([...others, ...unverified])).toEqual(others.slice(200))
  })

  test('those that stay are within all bounds, and nothing goes that is newer than one that stays in its ring', () => {
    const refused = fc.record({
      cause: fc.constantFrom<RefusalCause>(...UNVERIFIED, ...OTHER),
      keptBytes: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 * MIB })),
    })
    fc.assert(
      fc.property(fc.array(refused, { maxLength: 400, size: 'max' }), (kept) => {
        const surplus = new Set(listSurplus(kept))
        const staying = kept.filter((one) => !surplus.has(one))
        expect(staying.filter(({ cause }) => ringOf(cause) === 'other').length).toBeLessThanOrEqual(200)
        expect(staying.reduce((sum, { keptBytes }) => sum + keptBytes, 0)).toBeLessThanOrEqual(64 * MIB)
        for (const ring of ['unverified', 'other']) {
          const isGone = kept.filter(({ cause }) => ringOf(cause) === ring).map((one) => surplus.has(one))
          expect(isGone).toEqual(isGone.toSorted((one, other) => Number(one) - Number(other)))
        }
      }),
      { numRuns: 50 },
    )
  })
})
