import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decideRetention,
  MAX_DELETED_BYTES,
  type RetentionCandidate,
  selectOld,
  selectOldBodies,
} from '../../../src/domain/retention.ts'

const MINUTE = 60_000
const NOW = 100 * MINUTE
const BEFORE = 40 * MINUTE
const RULE = { now: NOW, before: BEFORE }

describe('retention', () => {
  test.each([
    ['written long before the limit', 'delete', 'keep', 0],
    ['just older than the limit', 'delete', 'keep', BEFORE - 1],
    ['as old as the limit', 'young', 'young', BEFORE],
    ['written now', 'young', 'young', NOW],
    ['dated a minute ahead of the clock', 'young', 'young', NOW + MINUTE],
    ['dated further ahead, by a wrong clock', 'keep', 'keep', NOW + MINUTE + 1],
    ['dated years ahead', 'keep', 'keep', Number.MAX_SAFE_INTEGER],
  ] as const)('handles a row %s: %s, or %s if it is needed', (_, ifNotNeeded, ifNeeded, at) => {
    expect(decideRetention({ isNeeded: false, at }, RULE)).toBe(ifNotNeeded)
    expect(decideRetention({ isNeeded: true, at }, RULE)).toBe(ifNeeded)
  })

  test('deletes a row that is not needed as soon as its retention has ended, and not earlier', () => {
    const date = fc.integer({ min: -NOW, max: 3 * NOW })
    fc.assert(
      fc.property(date, fc.nat(NOW), fc.boolean(), (at, retentionMs, isNeeded) => {
        const decide = (now: number) => decideRetention({ isNeeded, at }, { now, before: now - retentionMs })
        expect(decide(at + retentionMs + 1)).toBe(isNeeded ? 'keep' : 'delete')
        expect(decide(at + retentionMs)).toBe('young')
        expect(decide(at)).toBe('young')
        expect(decide(at - MINUTE - 1)).toBe('keep')
      }),
    )
  })
})

describe('the rows that one step deletes', () => {
  const row = (n: number, facts: Partial<RetentionCandidate> = {}): RetentionCandidate => ({
    n,
    at: 0,
    bytes: 0,
    isNeeded: false,
    fileId: null,
    ...facts,
  })
  const select = (rows: RetentionCandidate[], lastOld = 0) => selectOld(rows, { ...RULE, lastOld })

  test('are the old ones that are not needed', () => {
    expect(select([row(1), row(2, { isNeeded: true }), row(3)])).toEqual({ old: [1, 3], next: 3 })
    expect(select([])).toEqual({ old: [], next: undefined })
  })

  test('end before the first young row, unless a wrong clock dated it', () => {
    const rows = [row(1), row(2, { at: NOW }), row(3)]
    // A row up to `lastOld` was recorded before the limit, so if it seems young, a wrong clock dated it.
    expect(select(rows, 1)).toEqual({ old: [1], next: undefined })
    expect(select(rows, 2)).toEqual({ old: [1, 3], next: 3 })
  })

  test('exclude rows that follow a kept row of the same asset', () => {
    const kept = { fileId: 'file-1', isNeeded: true }
    const rows = [
      row(1, { fileId: 'file-1' }),
      row(2, kept),
      row(3, { fileId: 'file-1' }),
      row(4, { fileId: 'file-2' }),
    ]
    expect(select(rows)).toEqual({ old: [1, 4], next: 4 })
    const ahead = row(1, { fileId: 'file-1', at: NOW + 2 * MINUTE })
    expect(select([ahead, row(2, { fileId: 'file-1' })])).toEqual({ old: [], next: 2 })
  })

  test('are limited by the total size of their bodies, and kept rows do not count towards it', () => {
    const large = { bytes: MAX_DELETED_BYTES }
    expect(select([row(1, { bytes: 1 }), row(2, large), row(3)])).toEqual({ old: [1, 2], next: 2 })
    expect(select([row(1, { ...large, isNeeded: true }), row(2)])).toEqual({ old: [2], next: 2 })
  })
})

describe('the bodies that one step prunes', () => {
  const body = (n: number, receivedAt = 0, bytes = 1) => ({ n, receivedAt, bytes })

  test('are those received before the given time, in any position', () => {
    const [first, young, last] = [body(1), body(2, BEFORE), body(4, BEFORE - 1)]
    expect(selectOldBodies([first, young, last], BEFORE)).toEqual({ old: [first, last], next: 4 })
    expect(selectOldBodies([], BEFORE)).toEqual({ old: [], next: undefined })
  })

  test('are fewer if they are large, and the next step continues after the last one', () => {
    const large = [body(1, 0, MAX_DELETED_BYTES - 1), body(3), body(5)]
    expect(selectOldBodies(large, BEFORE)).toEqual({ old: large.slice(0, 2), next: 3 })
  })
})
