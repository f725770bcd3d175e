import { describe, expect, test } from 'vitest'
import { IDEMPOTENCY_WINDOW_MS, type KeyClaim, type StoredResponse } from '../../src/domain/idempotency.ts'
import { accepted, newKeyClaim, newSubmission } from './builders.ts'
import { listEveryRun } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

const SCOPE = 'default POST /api/v1/files/upload key-1'
const RESPONSE: StoredResponse = { status: 200, headers: { 'x-submission-id': 's' }, body: '{"fileId":"ü"}' }

export function describeIdempotency(current: () => StoreFixture): void {
  /** A new request tries to claim the key. */
  const tryClaim = (at = 1_000) => current().store.claimIdempotencyKey(newKeyClaim(SCOPE), at)
  /** A new request claims the key, which must be free. Returns the claim. */
  const claimKey = async (at = 1_000) => {
    const claimed = newKeyClaim(SCOPE)
    expect(await current().store.claimIdempotencyKey(claimed, at)).toEqual({ kind: 'claimed' })
    return claimed
  }
  const submit = async (claimed: KeyClaim) => {
    const key = { ...claimed, fingerprint: 'abc' }
    return (await current().store.createSubmission(newSubmission(['remove-bg']), key)).submissionId
  }
  const claimAndRespond = async () => {
    const claimed = await claimKey()
    const key = { ...claimed, response: RESPONSE }
    await current().store.applyResponse(await submit(claimed), accepted({}), 2_000, key)
    return claimed
  }

  describe('idempotency keys', () => {
    test('only one of many simultaneous claims gets the key', async () => {
      const claims = await Promise.all(Array.from({ length: 50 }, () => tryClaim()))
      expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1)
      expect(claims.filter(({ kind }) => kind === 'running')).toHaveLength(49)
    })

    test('a second claim gets `running` until the response is stored, and the response after that', async () => {
      const claimed = await claimKey()
      const submissionId = await submit(claimed)
      expect(await tryClaim()).toEqual({ kind: 'running' })
      await current().store.applyResponse(submissionId, accepted({}), 2_000, {
        ...claimed,
        response: RESPONSE,
      })
      expect(await tryClaim(3_000)).toEqual({ kind: 'responded', fingerprint: 'abc', response: RESPONSE })
    })

    test('a request that has lost its key submits nothing, and neither stores a response nor releases the key', async () => {
      const { store } = current()
      const lost = await claimKey()
      await store.releaseIdempotencyKey(lost)
      await expect(submit(lost)).rejects.toMatchObject({ code: 'request_in_progress' })
      const claimed = await claimKey()
      await expect(submit(lost)).rejects.toMatchObject({ code: 'request_in_progress' })
      expect(await listEveryRun(store)).toEqual([])
      const submissionId = await submit(claimed)
      await store.applyResponse(submissionId, accepted({}), 2_000, { ...lost, response: RESPONSE })
      await store.releaseIdempotencyKey(lost)
      expect(await tryClaim()).toEqual({ kind: 'running' })
      await store.applyResponse(submissionId, accepted({}), 2_000, { ...claimed, response: RESPONSE })
      expect(await tryClaim()).toMatchObject({ kind: 'responded' })
    })

    test('a response is repeated until 24 hours after its key was claimed', async () => {
      await claimAndRespond()
      expect(await tryClaim(1_000 + IDEMPOTENCY_WINDOW_MS - 1)).toMatchObject({ kind: 'responded' })
      expect(await tryClaim(1_000 + IDEMPOTENCY_WINDOW_MS)).toEqual({ kind: 'claimed' })
      expect(await tryClaim(1_000 + IDEMPOTENCY_WINDOW_MS)).toEqual({ kind: 'running' })
    })

    test('the latest time of a claim is found, whatever the order of the claims, also after a restart', async () => {
      expect(await current().store.findNewestKeyClaimAt()).toBeNull()
      for (const at of [2_000, 3_000, 1_000])
        await current().store.claimIdempotencyKey(newKeyClaim(`claimed at ${at}`), at)
      expect(await current().store.findNewestKeyClaimAt()).toBe(3_000)
      const store = await current().reopen()
      expect(await store.findNewestKeyClaimAt()).toBe(3_000)
    })

    test('only expired keys are deleted, and none whose request is running', async () => {
      await claimAndRespond()
      await current().store.claimIdempotencyKey(newKeyClaim('running'), 1_000)
      // `deleteExpiredKeys` resolves with whether there may be more to delete.
      const { deleteExpiredKeys } = withLease(current().store)
      expect(await deleteExpiredKeys(1_000 + IDEMPOTENCY_WINDOW_MS - 1)).toBe(false)
      expect(await tryClaim(2_000)).toMatchObject({ kind: 'responded' })
      expect(await deleteExpiredKeys(1_000 + IDEMPOTENCY_WINDOW_MS)).toBe(false)
      expect(await current().store.claimIdempotencyKey(newKeyClaim('running'), 2_000)).toEqual({
        kind: 'running',
      })
      // Even if the clock was set back, the key is free, because its row is deleted.
      expect(await tryClaim(2_000)).toEqual({ kind: 'claimed' })
    })

    test('a limited number of expired keys is deleted at a time', async () => {
      const { store } = current()
      // One more than `deleteExpiredKeys` deletes at a time. It resolves with whether there may be more.
      const scopes = Array.from({ length: 501 }, (_, index) => `key ${index}`)
      await Promise.all(
        scopes.map(async (scope) => {
          const claimed = newKeyClaim(scope)
          await store.claimIdempotencyKey(claimed, 1_000)
          const submission = newSubmission(['remove-bg'])
          const { submissionId } = await store.createSubmission(submission, {
            ...claimed,
            fingerprint: 'abc',
          })
          await store.applyResponse(submissionId, accepted({}), 2_000, { ...claimed, response: RESPONSE })
        }),
      )
      const { deleteExpiredKeys } = withLease(store)
      expect(await deleteExpiredKeys(1_000 + IDEMPOTENCY_WINDOW_MS)).toBe(true)
      const claims = await Promise.all(
        scopes.map((scope) => store.claimIdempotencyKey(newKeyClaim(scope), 2_000)),
      )
      expect(claims.filter(({ kind }) => kind === 'responded')).toHaveLength(1)
      expect(await deleteExpiredKeys(1_000 + IDEMPOTENCY_WINDOW_MS)).toBe(false)
      expect(await store.findNewestKeyClaimAt()).toBe(2_000)
    })

    test('a key that a dead process claimed is abandoned if ImageKit may have its submission, and free if none was recorded', async () => {
      const submissionId = await submit(await claimKey())
      await current().store.claimIdempotencyKey(newKeyClaim('not submitted'), 1_000)
      const store = await current().reopen()
      await store.recoverAbandoned(5_000, 5_000)

      const abandoned = { kind: 'abandoned', fingerprint: 'abc', submissionId }
      expect(await store.claimIdempotencyKey(newKeyClaim(SCOPE), 6_000)).toEqual(abandoned)
      expect(await store.claimIdempotencyKey(newKeyClaim(SCOPE), 6_000)).toEqual(abandoned)
      expect(await store.claimIdempotencyKey(newKeyClaim('not submitted'), 6_000)).toEqual({
        kind: 'claimed',
      })
    })

    test('a response survives a restart', async () => {
      await claimAndRespond()
      const store = await current().reopen()
      await store.recoverAbandoned(5_000, 5_000)
      expect(await store.claimIdempotencyKey(newKeyClaim(SCOPE), 6_000)).toMatchObject({
        kind: 'responded',
        response: RESPONSE,
      })
    })
  })
}
