import { describe, expect, test } from 'vitest'
import { IDEMPOTENCY_WINDOW_MS, type StoredResponse } from '../../src/domain/idempotency.ts'
import { accepted, newDelivery, newSubmission, refused } from './facts.ts'
import type { OpenedStore } from './opened-store.ts'
import { upkeep } from './upkeep.ts'

const SCOPE = 'default POST /api/v1/files/upload key-1'
const ANSWER: StoredResponse = { status: 200, headers: { 'x-submission-id': 's' }, body: '{"fileId":"ü"}' }

export function describeIdempotency(current: () => OpenedStore): void {
  const claim = (at = 1_000) => current().store.claimIdempotencyKey(SCOPE, at)
  const submit = async () => {
    const key = { scope: SCOPE, fingerprint: 'abc' }
    return (await current().store.createSubmission(newSubmission(['remove-bg']), key)).submissionId
  }
  const claimAnswered = async () => {
    await claim()
    const key = { scope: SCOPE, answer: ANSWER }
    await current().store.applyResponse(await submit(), accepted({}), 2_000, key)
  }

  describe('idempotency keys', () => {
    test('of many claims at once one gets the key', async () => {
      const claims = await Promise.all(Array.from({ length: 50 }, () => claim()))
      expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1)
      expect(claims.filter(({ kind }) => kind === 'running')).toHaveLength(49)
    })

    test('keys of other scopes are other keys', async () => {
      expect(await claim()).toEqual({ kind: 'claimed' })
      expect(await current().store.claimIdempotencyKey('other', 1_000)).toEqual({ kind: 'claimed' })
    })

    test('a key is under way until its answer is kept, then gives the answer again', async () => {
      await claim()
      const submissionId = await submit()
      expect(await claim()).toEqual({ kind: 'running' })
      await current().store.applyResponse(submissionId, accepted({}), 2_000, {
        scope: SCOPE,
        answer: ANSWER,
      })
      expect(await claim(3_000)).toEqual({ kind: 'answered', fingerprint: 'abc', answer: ANSWER })
    })

    test('an answer is kept with an unconfirmed submission too', async () => {
      await claim()
      const key = { scope: SCOPE, answer: { ...ANSWER, status: 502 } }
      await current().store.applyResponse(await submit(), refused('unconfirmed'), 2_000, key)
      expect(await claim()).toMatchObject({ kind: 'answered', answer: { status: 502 } })
    })

    test('a key that is given back can be claimed again, an answered one cannot be given back', async () => {
      await claim()
      await current().store.releaseIdempotencyKey(SCOPE)
      expect(await claim()).toEqual({ kind: 'claimed' })
      await claimAnswered()
      await current().store.releaseIdempotencyKey(SCOPE)
      expect(await claim()).toMatchObject({ kind: 'answered' })
    })

    test('an answer is given again for 24 hours and no longer', async () => {
      await claimAnswered()
      expect(await claim(1_000 + IDEMPOTENCY_WINDOW_MS - 1)).toMatchObject({ kind: 'answered' })
      expect(await claim(1_000 + IDEMPOTENCY_WINDOW_MS)).toEqual({ kind: 'claimed' })
      expect(await claim(1_000 + IDEMPOTENCY_WINDOW_MS)).toEqual({ kind: 'running' })
    })

    test('a key that is under way stays so, however far the clock is set', async () => {
      await claim()
      const submissionId = await submit()
      for (const days of [1, 30, -30])
        expect(await claim(1_000 + days * IDEMPOTENCY_WINDOW_MS)).toEqual({ kind: 'running' })
      const key = { scope: SCOPE, answer: ANSWER }
      await current().store.applyResponse(submissionId, accepted({}), 2_000, key)
      expect(await claim(3_000)).toMatchObject({ kind: 'answered', answer: ANSWER })
    })

    test('the newest claim is known, also to the next process', async () => {
      expect(await current().store.findNewestClaimAt()).toBeNull()
      for (const at of [2_000, 3_000, 1_000])
        await current().store.claimIdempotencyKey(`claimed at ${at}`, at)
      expect(await current().store.findNewestClaimAt()).toBe(3_000)
      const store = await current().reopen()
      expect(await store.findNewestClaimAt()).toBe(3_000)
    })

    test('an expired key is deleted, and no other: not one that has not expired, nor one whose request still runs', async () => {
      await claimAnswered()
      await current().store.claimIdempotencyKey('running', 1_000)
      const { deleteExpiredKeys } = upkeep(current().store)
      expect(await deleteExpiredKeys(1_000 + IDEMPOTENCY_WINDOW_MS - 1)).toBe(false)
      expect(await claim(2_000)).toMatchObject({ kind: 'answered' })
      expect(await deleteExpiredKeys(1_000 + IDEMPOTENCY_WINDOW_MS)).toBe(false)
      expect(await current().store.claimIdempotencyKey('running', 2_000)).toEqual({ kind: 'running' })
      // Nothing is left of it, so even a clock that was set back finds it free.
      expect(await claim(2_000)).toEqual({ kind: 'claimed' })
    })

    test('of many expired keys a limited number is deleted at once', async () => {
      const { store } = current()
      const scopes = Array.from({ length: 501 }, (_, index) => `key ${index}`)
      await Promise.all(
        scopes.map(async (scope) => {
          await store.claimIdempotencyKey(scope, 1_000)
          const submission = newSubmission(['remove-bg'])
          const { submissionId } = await store.createSubmission(submission, { scope, fingerprint: 'abc' })
          await store.applyResponse(submissionId, accepted({}), 2_000, { scope, answer: ANSWER })
        }),
      )
      const { deleteExpiredKeys } = upkeep(store)
      expect(await deleteExpiredKeys(1_000 + IDEMPOTENCY_WINDOW_MS)).toBe(true)
      const left = await Promise.all(scopes.map((scope) => store.claimIdempotencyKey(scope, 2_000)))
      expect(left.filter(({ kind }) => kind === 'answered')).toHaveLength(1)
      expect(await deleteExpiredKeys(1_000 + IDEMPOTENCY_WINDOW_MS)).toBe(false)
      expect(await store.findNewestClaimAt()).toBe(2_000)
    })

    test('a claim of a dead process is abandoned where its submission was written, free where it was not', async () => {
      await claim()
      const submissionId = await submit()
      await current().store.claimIdempotencyKey('not submitted', 1_000)
      const store = await current().reopen()
      await store.recoverAbandoned(5_000, 5_000)

      const abandoned = { kind: 'abandoned', fingerprint: 'abc', submissionId }
      expect(await store.claimIdempotencyKey(SCOPE, 6_000)).toEqual(abandoned)
      expect(await store.claimIdempotencyKey(SCOPE, 6_000)).toEqual(abandoned)
      expect(await store.claimIdempotencyKey('not submitted', 6_000)).toEqual({ kind: 'claimed' })
    })

    test('a claim of a dead process is abandoned where a webhook has proved its submission', async () => {
      await claim()
      const submissionId = await submit()
      await current().store.recordDelivery(
        newDelivery(submissionId, { service: 'remove-bg', status: 'success' }),
      )
      const store = await current().reopen()
      expect(await store.recoverAbandoned(5_000, 5_000)).toEqual({ submissions: 0 })
      const abandoned = { kind: 'abandoned', fingerprint: 'abc', submissionId }
      expect(await store.claimIdempotencyKey(SCOPE, 6_000)).toEqual(abandoned)
    })

    test('a claim of a dead process is free where its submission was rejected', async () => {
      await claim()
      await current().store.applyResponse(await submit(), refused('rejected'), 2_000)
      await current().store.recoverAbandoned(5_000, 5_000)
      expect(await claim()).toEqual({ kind: 'claimed' })
    })

    test('an answer outlives the process', async () => {
      await claimAnswered()
      const store = await current().reopen()
      await store.recoverAbandoned(5_000, 5_000)
      expect(await store.claimIdempotencyKey(SCOPE, 6_000)).toMatchObject({
        kind: 'answered',
        answer: ANSWER,
      })
    })
  })
}
