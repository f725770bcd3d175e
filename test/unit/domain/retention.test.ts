import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { retainRow } from '../../../src/domain/retention.ts'

const MINUTE = 60_000
const NOW = 100 * MINUTE
const BEFORE = 40 * MINUTE
const RULE = { now: NOW, before: BEFORE }

describe('retention', () => {
  test.each([
    ['written long before', 0, 'delete', 'keep'],
    ['just older than the limit', BEFORE - 1, 'delete', 'keep'],
    ['as old as the limit', BEFORE, 'young', 'young'],
    ['written now', NOW, 'young', 'young'],
    ['dated a minute ahead of the clock', NOW + MINUTE, 'young', 'young'],
    ['dated further ahead, by a wrong clock', NOW + MINUTE + 1, 'keep', 'keep'],
    ['dated years ahead', Number.MAX_SAFE_INTEGER, 'keep', 'keep'],
  ] as const)('of a row %s', (_, at, ofOther, ofNeeded) => {
    expect(retainRow({ isNeeded: false, at }, RULE)).toBe(ofOther)
    expect(retainRow({ isNeeded: true, at }, RULE)).toBe(ofNeeded)
  })

  test('deletes every row in time that is not needed, and no row before its time', () => {
    const date = fc.integer({ min: -NOW, max: 3 * NOW })
    fc.assert(
      fc.property(date, fc.nat(NOW), fc.boolean(), (at, retentionMs, isNeeded) => {
        const decide = (now: number) => retainRow({ isNeeded, at }, { now, before: now - retentionMs })
        expect(decide(at + retentionMs + 1)).toBe(isNeeded ? 'keep' : 'delete')
        expect(decide(at + retentionMs)).toBe('young')
        expect(decide(at)).toBe('young')
        expect(decide(at - MINUTE - 1)).toBe('keep')
      }),
    )
  })
})
