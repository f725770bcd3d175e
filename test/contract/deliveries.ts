import { describe, expect, test } from 'vitest'
import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import { accepted, FILE_ID, newDelivery, unknownIds } from './builders.ts'
import { submit as submitTo } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeDeliveries(current: () => StoreFixture): void {
  const submit = (...names: string[]) => submitTo(current().store, names)
  const deliver = (submissionId: string, reported: Parameters<typeof newDelivery>[1]) =>
    current().store.recordDelivery(newDelivery(submissionId, reported))
  const runsOf = async (submissionId: string) =>
    (await current().store.findSubmission(submissionId))?.runs ?? []

  describe('deliveries', () => {
    test('a webhook settles its run, and the result names the asset and the run', async () => {
      const id = await submit('remove-bg', 'ai-tasks')
      const error = { code: 'E1', nested: [{ why: 'ü' }] }
      const recorded = await deliver(id, { service: 'remove-bg', status: 'failed', error })

      const [settled, other] = await runsOf(id)
      expect(recorded).toEqual({
        deliveryId: expect.any(String),
        outcome: 'applied',
        cause: null,
        fileId: FILE_ID,
        runId: settled?.runId,
      })
      expect(await current().store.findDelivery(recorded.deliveryId ?? '')).toMatchObject({
        deliveryId: recorded.deliveryId,
        outcome: 'applied',
        submissionId: id,
        runId: settled?.runId,
      })
      expect(settled).toMatchObject({ status: 'failed', source: 'webhook', settledAt: 2_000, error })
      expect(other).toMatchObject({ name: 'ai-tasks', status: 'pending' })
    })

    test('a webhook before the response binds the file and settles its run, and the response changes neither', async () => {
      const id = await submit('remove-bg')
      expect(await deliver(id, { service: 'remove-bg', status: 'success' })).toMatchObject({
        outcome: 'applied',
      })
      const responded = await current().store.applyResponse(id, accepted({ 'remove-bg': 'pending' }), 3_000)

      expect(responded).toMatchObject({
        result: 'applied',
        submission: { state: 'accepted', fileId: FILE_ID },
      })
      expect(await runsOf(id)).toMatchObject([{ status: 'success', source: 'webhook', settledAt: 2_000 }])
    })

    test('a webhook that repeats the status of the response is a duplicate, and fills a missing error', async () => {
      const id = await submit('remove-bg')
      await current().store.applyResponse(id, accepted({ 'remove-bg': 'failed' }), 1_500)
      const reported = { service: 'remove-bg', status: 'failed', error: { code: 'E1' } } as const

      expect(await deliver(id, reported)).toMatchObject({ outcome: 'duplicate' })
      expect(await deliver(id, { ...reported, error: { code: 'E2' } })).toMatchObject({
        outcome: 'duplicate',
      })
      expect(await runsOf(id)).toMatchObject([
        { status: 'failed', source: 'response', settledAt: 1_500, error: { code: 'E1' } },
      ])
    })

    test('the opposite status is contradicted once, then a duplicate, and the first status stays', async () => {
      const id = await submit('remove-bg')
      const deliverResult = (status: 'success' | 'failed') => deliver(id, { service: 'remove-bg', status })
      const outcomes: string[] = []
      for (const status of ['success', 'failed', 'failed', 'success'] as const)
        outcomes.push((await deliverResult(status)).outcome)

      expect(outcomes).toEqual(['applied', 'contradicted', 'duplicate', 'duplicate'])
      expect(await runsOf(id)).toMatchObject([{ status: 'success', contradicted: true, error: null }])
    })

    test.each([
      ['another file', { service: 'remove-bg', status: 'success', fileId: 'another' }, 'other_file'],
      ['an extension that was not requested', { service: 'ai-tasks', status: 'success' }, 'not_requested'],
      ['no extension', { status: 'success' }, 'unknown_shape'],
      ['no final status', { service: 'remove-bg' }, 'unknown_status'],
    ] as const)('a webhook with %s is ignored, and changes no run or asset', async (_, reported, cause) => {
      const id = await submit('remove-bg')
      await current().store.applyResponse(id, accepted({ 'remove-bg': 'pending' }), 1_500)
      const before = await current().store.findSubmission(id)

      expect(await deliver(id, reported)).toMatchObject({ outcome: 'ignored', cause })
      expect(await current().store.findSubmission(id)).toEqual(before)
      expect(await current().store.findAsset('another')).toBeUndefined()
    })

    test('a webhook for an unknown submission is rejected, and nothing is written', async () => {
      const id = await submit('remove-bg')
      for (const unknown of ['lost', ...unknownIds(id)])
        expect(await deliver(unknown, { service: 'remove-bg', status: 'success' })).toEqual({
          deliveryId: null,
          outcome: 'rejected',
          cause: 'unknown_submission',
          fileId: null,
          runId: null,
        })
      expect(await runsOf(id)).toMatchObject([{ status: 'pending' }])
      expect(await current().store.findAsset(FILE_ID)).toBeUndefined()
      const page = await current().store.listDeliveries(EVERY_DELIVERY, { limit: 10, before: null })
      expect(page.deliveries).toEqual([])
    })

    test('of 200 simultaneous identical deliveries, one is applied and the others are duplicates', async () => {
      const id = await submit('remove-bg')
      const reported = { service: 'remove-bg', status: 'success' } as const
      const recorded = await Promise.all(Array.from({ length: 200 }, () => deliver(id, reported)))

      const outcomes = recorded.map(({ outcome }) => outcome)
      expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(199)
    })

    test('of simultaneous opposite deliveries, one is applied, one is contradicted, and the others are duplicates', async () => {
      const id = await submit('remove-bg')
      const recorded = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          deliver(id, { service: 'remove-bg', status: index % 2 === 0 ? 'success' : 'failed' }),
        ),
      )

      const count = (expected: string) => recorded.filter(({ outcome }) => outcome === expected).length
      expect([count('applied'), count('contradicted'), count('duplicate')]).toEqual([1, 1, 98])
    })
  })
}
