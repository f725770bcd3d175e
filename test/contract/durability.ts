import { describe, expect, test } from 'vitest'
import { accepted, FILE_ID, newDelivery, newSubmission } from './builders.ts'
import { submit } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeDurability(current: () => StoreFixture): void {
  describe('durability', () => {
    test('submissions and assets are found unchanged after the store was closed and opened again', async () => {
      const { store, reopen } = current()
      const submissionId = await submit(store, ['remove-bg', 'ai-tasks'])
      await store.applyResponse(submissionId, accepted({ 'remove-bg': 'pending' }), 2_000)
      const result = { service: 'remove-bg', status: 'failed', error: { code: 'E1' } } as const
      await store.recordDelivery(newDelivery(submissionId, result))
      const submission = await store.findSubmission(submissionId)
      const asset = await store.findAsset(FILE_ID)

      const reopened = await reopen()
      expect(await reopened.findSubmission(submissionId)).toEqual(submission)
      expect(await reopened.findAsset(FILE_ID)).toEqual(asset)
      const again = await reopened.recordDelivery(newDelivery(submissionId, result))
      expect(again).toMatchObject({ outcome: 'duplicate' })
    })

    test('closing commits the steps that are still queued', async () => {
      const { store, reopen } = current()
      const submissions = Array.from({ length: 20 }, () => newSubmission(['remove-bg']))
      const created = Promise.all(submissions.map((submission) => store.createSubmission(submission)))
      const reopened = await reopen()
      for (const { submissionId } of await created)
        expect(await reopened.findSubmission(submissionId)).toBeDefined()
    })

    test('a store may be closed twice', async () => {
      const { store } = current()
      await store.close()
      await store.close()
    })

    test('a closed store rejects writes', async () => {
      const { store } = current()
      await store.close()
      await expect(store.probe()).rejects.toMatchObject({ code: 'store_unavailable' })
    })
  })
}
