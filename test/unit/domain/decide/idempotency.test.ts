import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { claimIdempotencyKey, releaseIdempotencyKey } from '../../../../src/domain/decide/idempotency.ts'
import type { ClaimRow } from '../../../../src/domain/decide/rows.ts'
import { IDEMPOTENCY_WINDOW_MS as WINDOW } from '../../../../src/domain/idempotency.ts'
import { createMemory } from './memory.ts'
import { CLAIM } from './submitted.ts'

const RESPONSE = { status: 200, headers: {}, body: '{}' }

const OWN = { scope: 'key-1', nonce: 'own' }

const NEW = { ...CLAIM, fingerprint: null, submissionId: null }

function memoryWith(facts?: Partial<ClaimRow>) {
  const memory = createMemory()
  if (facts) memory.put('claims', { ...CLAIM, ...facts })
  return memory
}

function claim(facts: Partial<ClaimRow> | undefined, at: number) {
  return memoryWith(facts && { nonce: 'other', ...facts }).run(claimIdempotencyKey(OWN, at))
}

describe('a claim', () => {
  test('of a free key is inserted', () => {
    const { requested, result, inserted } = claim(undefined, 1_000)
    expect(requested).toEqual([[['claims', 'key-1']]])
    expect(result).toEqual({ kind: 'claimed' })
    expect(inserted.claims).toEqual([NEW])
  })

  test.each([
    ['is running', { fingerprint: null }, { kind: 'running' }],
    ['is running and has recorded its submission', {}, { kind: 'running' }],
    ['has a response', { response: RESPONSE }, { kind: 'responded', fingerprint: 'abc', response: RESPONSE }],
    [
      'was abandoned after it had recorded its submission',
      { abandoned: true },
      { kind: 'abandoned', fingerprint: 'abc', submissionId: 's1' },
    ],
  ])('of a key whose request %s changes nothing', (_, facts, result) => {
    const claimed = claim(facts, 2_000)
    expect(claimed.result).toEqual(result)
    expect([claimed.inserted, claimed.updated]).toEqual([{}, {}])
  })

  test('that is repeated by the same request succeeds without a change', () => {
    const { result, inserted, updated } = claim(
      { nonce: 'own', fingerprint: null, submissionId: null },
      2_000,
    )
    expect([result, inserted, updated]).toEqual([{ kind: 'claimed' }, {}, {}])
  })

  test.each([{ response: RESPONSE }, { abandoned: true }])(
    'replaces one whose request has ended, after 24 hours: %j',
    (facts) => {
      expect(claim(facts, 1_000 + WINDOW - 1).result.kind).not.toBe('claimed')
      const { result, inserted, updated } = claim(facts, 1_000 + WINDOW)
      expect(result).toEqual({ kind: 'claimed' })
      expect(updated.claims).toEqual([{ ...NEW, claimedAt: 1_000 + WINDOW }])
      expect(inserted).toEqual({})
    },
  )

  test('never replaces one whose request is running, whatever the clock shows', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10 * WINDOW, max: 10 * WINDOW }), fc.boolean(), (at, isSubmitted) => {
        const facts = isSubmitted ? {} : { fingerprint: null, submissionId: null }
        const { result, updated } = claim(facts, at)
        expect([result, updated]).toEqual([{ kind: 'running' }, {}])
      }),
    )
  })
})

describe('a release', () => {
  const release = (facts?: Partial<ClaimRow>) => memoryWith(facts).run(releaseIdempotencyKey(OWN))

  test('removes a claim without a response', () => {
    expect(release({}).removed.claims).toEqual([CLAIM])
  })

  test('does not remove a claim with a response, the claim of another request, or an unknown one', () => {
    expect(release({ response: RESPONSE }).removed).toEqual({})
    expect(release({ nonce: 'other' }).removed).toEqual({})
    expect(release().removed).toEqual({})
  })
})
