import { describe, expect, test } from 'vitest'
import { type DeliveryFilter, EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import {
  accepted,
  anAuditEntry,
  FILE_ID,
  newAccountDelivery,
  newDelivery,
  newRejected,
  unaccepted,
  unknownIds,
} from './builders.ts'
import { listEveryDelivery, submitWithRuns } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

export function describeOperatorsDeliveries(current: () => StoreFixture): void {
  const ids = async (filter?: Partial<DeliveryFilter>) =>
    (await listEveryDelivery(current().store, filter)).map(({ deliveryId }) => deliveryId)
  const deliver = async (
    submissionId: string,
    reported: Parameters<typeof newDelivery>[1],
    facts: Parameters<typeof newDelivery>[2] = {},
  ) => {
    const recorded = await current().store.recordDelivery(newDelivery(submissionId, reported, facts))
    return recorded.deliveryId ?? 'nothing was recorded'
  }
  const keepRejected = async (facts: Parameters<typeof newRejected>[0] = {}) => {
    const [deliveryId = ''] = await current().store.keepRejected([newRejected(facts)])
    return deliveryId
  }

  describe('a list of deliveries', () => {
    test('shows the outcome of each delivery; a rejected one names only the submission that its token proves', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'], { fileId: FILE_ID })
      const applied = await deliver(submissionId, { service: 'remove-bg', status: 'success' })
      const [lost, rejected] = await store.keepRejected([
        newRejected({ receivedAt: 3_000, cause: 'unknown_submission', submissionId: 'lost' }),
        newRejected({ receivedAt: 4_000 }),
      ])
      expect(await listEveryDelivery(store)).toEqual([
        {
          deliveryId: rejected,
          route: 'extension',
          receivedAt: 4_000,
          outcome: 'rejected',
          cause: 'forged_token',
          signature: null,
          submissionId: null,
          runId: null,
          fileId: null,
          service: null,
        },
        {
          deliveryId: lost,
          route: 'extension',
          receivedAt: 3_000,
          outcome: 'rejected',
          cause: 'unknown_submission',
          signature: null,
          submissionId: 'lost',
          runId: null,
          fileId: null,
          service: null,
        },
        {
          deliveryId: applied,
          route: 'extension',
          receivedAt: 2_000,
          outcome: 'applied',
          cause: null,
          signature: 'absent',
          submissionId,
          runId,
          fileId: FILE_ID,
          service: 'remove-bg',
        },
      ])
    })

    test('contains each delivery once, newest first by insertion, including rejected ones, while more are added and whatever the clock shows', async () => {
      const { store } = current()
      const { submissionId } = await submitWithRuns(store, ['remove-bg'])
      const reported = { service: 'remove-bg', status: 'success' } as const
      const expected: string[] = []
      for (let count = 0; count < 40; count += 1) {
        const receivedAt = 10_000 + ((count * 70) % 400)
        if (count % 3 === 0) expected.push(await keepRejected({ receivedAt }))
        else expected.push(await deliver(submissionId, reported, { receivedAt }))
      }
      const newestFirst = expected.toReversed()
      expect(await ids()).toEqual(newestFirst)
      for (const limit of [1, 3, 7, 40]) {
        const between = async () => {
          await deliver(submissionId, reported, { receivedAt: 90_000 })
          await keepRejected({ receivedAt: 90_000 })
        }
        const listed = (await listEveryDelivery(store, {}, { limit, between })).map(
          ({ deliveryId }) => deliveryId,
        )
        expect(new Set(listed).size).toBe(listed.length)
        expect(listed.filter((deliveryId) => newestFirst.includes(deliveryId))).toEqual(newestFirst)
      }
    })

    test('can be filtered by outcome', async () => {
      const { store } = current()
      const { submissionId } = await submitWithRuns(store, ['remove-bg'])
      const deliverResult = (status: 'success' | 'failed') =>
        deliver(submissionId, { service: 'remove-bg', status })
      const [applied, duplicate, contradicted, again] = [
        await deliverResult('success'),
        await deliverResult('success'),
        await deliverResult('failed'),
        await deliverResult('failed'),
      ]
      const ignored = await deliver(submissionId, { service: null })
      const rejected = await keepRejected()
      expect(await ids({ outcome: 'applied' })).toEqual([applied])
      expect(await ids({ outcome: 'duplicate' })).toEqual([again, duplicate])
      expect(await ids({ outcome: 'contradicted' })).toEqual([contradicted])
      expect(await ids({ outcome: 'ignored' })).toEqual([ignored])
      expect(await ids({ outcome: 'rejected' })).toEqual([rejected])
    })

    test('of a file contains each delivery once, newest first, however many submissions the file has', async () => {
      const { store } = current()
      const file = { fileId: FILE_ID }
      const submitted: { submissionId: string; runId: string }[] = []
      // With more than 1,000 submissions, the store doesn't find the deliveries of a file through these, but searches all deliveries.
      while (submitted.length < 1_010)
        submitted.push(
          ...(await Promise.all(
            Array.from({ length: 101 }, () => submitWithRuns(store, ['remove-bg'], file)),
          )),
        )
      const reported = { service: 'remove-bg', status: 'success' } as const
      const delivered: string[] = []
      const others: string[] = []
      for (const [index, { submissionId }] of submitted.toReversed().entries()) {
        if (index % 10 > 0) continue
        delivered.push(await deliver(submissionId, reported))
        const other = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-other' })
        others.push(await deliver(other.submissionId, { ...reported, fileId: 'file-other' }))
      }
      expect(await ids(file)).toEqual(delivered.toReversed())
      expect(await ids({ ...file, outcome: 'applied', service: 'remove-bg' })).toEqual(delivered.toReversed())
      expect(await ids({ fileId: 'file-other' })).toEqual(others.toReversed())
    })

    test('keeps the position of a replayed delivery, even if read page by page or filtered by outcome', async () => {
      const { store } = current()
      const { submissionId } = await submitWithRuns(store, ['remove-bg'])
      const reported = { service: 'remove-bg', status: 'success' } as const
      const rejected: string[] = []
      const recorded: string[] = []
      for (let count = 0; count < 5; count += 1) {
        rejected.push(await keepRejected({ receivedAt: 5_000 - count }))
        recorded.push(await deliver(submissionId, reported, { receivedAt: 1_000 + count }))
      }
      const all = await ids()
      const [first = '', , third = ''] = rejected
      for (const replayOf of [third, first])
        expect(await deliver(submissionId, reported, { replayOf })).toBe(replayOf)
      expect(await ids()).toEqual(all)
      expect(new Set(all)).toEqual(new Set([...rejected, ...recorded]))
      const paged = async (filter: Partial<DeliveryFilter>) =>
        (await listEveryDelivery(store, filter, { limit: 1 })).map(({ deliveryId }) => deliveryId)
      expect(await paged({})).toEqual(all)
      expect(await paged({ outcome: 'rejected' })).toEqual(
        rejected.filter((id) => id !== first && id !== third).toReversed(),
      )
      expect(await paged({ outcome: 'duplicate' })).toEqual(
        all.filter((id) => id === first || id === third || recorded.slice(1).includes(id)),
      )
      expect(await paged({ outcome: 'applied' })).toEqual(recorded.slice(0, 1))
      const whole = await store.listDeliveries(EVERY_DELIVERY, { limit: 10, before: null })
      expect(whole).toMatchObject({ next: null })
    })

    test('of a file contains the deliveries for its submissions, other deliveries that name it, and events about it, but no rejected ones', async () => {
      const { store } = current()
      const one = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-1' })
      const two = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-1' })
      const other = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-2' })
      const withoutFile = await submitWithRuns(store, ['remove-bg'])
      const reported = { service: 'remove-bg', status: 'success', fileId: 'file-1' } as const
      const expected = [
        await deliver(one.submissionId, reported),
        await deliver(two.submissionId, { ...reported, fileId: null }),
        await deliver(one.submissionId, reported),
        await deliver(other.submissionId, reported),
        await deliver(withoutFile.submissionId, { ...reported, service: 'never-asked' }),
      ]
      const event = newAccountDelivery({
        kind: 'asset',
        eventId: null,
        type: 'file.updated',
        fileId: 'file-1',
      })
      const { deliveryId: eventDeliveryId } = await store.recordAccountDelivery(event)
      await deliver(other.submissionId, { ...reported, fileId: 'file-2' })
      await store.keepRejected([newRejected({ body: Buffer.from('{"fileId":"file-1"}') })])

      expect(await ids({ fileId: 'file-1' })).toEqual([eventDeliveryId, ...expected.toReversed()])
      expect(await ids({ fileId: 'file-1', outcome: 'applied' })).toEqual([expected[1], expected[0]])
      expect(await ids({ fileId: 'file-1', outcome: 'duplicate' })).toEqual([expected[2]])
      const paged = await listEveryDelivery(store, { fileId: 'file-1' }, { limit: 2 })
      expect(paged.map(({ deliveryId }) => deliveryId)).toEqual([eventDeliveryId, ...expected.toReversed()])
      expect(await ids({ fileId: 'nowhere' })).toEqual([])
    })

    test('of a file contains each delivery that settled a run, even of a saved extension, a rejected submission, or an extension that the response named later; forgetting the file deletes them', async () => {
      const { store } = current()
      const saved = await submitWithRuns(store, ['saved-extension'], { fileId: 'file-1' })
      const rejected = await submitWithRuns(store, ['remove-bg', 'ai-tasks'], { fileId: 'file-1' })
      const queued = await submitWithRuns(store, ['remove-bg'])
      await store.applyResponse(rejected.submissionId, unaccepted('rejected'), 1_500)
      const reported = { service: 'remove-bg', status: 'success', fileId: 'file-1' } as const
      const expected = [
        await deliver(saved.submissionId, reported),
        await deliver(rejected.submissionId, reported),
        await deliver(queued.submissionId, { ...reported, service: 'ai-tasks', fileId: null }),
      ]
      await store.applyResponse(
        queued.submissionId,
        accepted({ 'ai-tasks': 'pending' }, { fileId: 'file-1' }),
        3_000,
      )
      expect(await ids({ fileId: 'file-1', outcome: 'applied' })).toEqual(expected.toReversed())
      const applied = await listEveryDelivery(store, { fileId: 'file-1' })
      expect(applied.map(({ submissionId, fileId }) => [submissionId, fileId])).toEqual(
        [queued, rejected, saved].map(({ submissionId }) => [submissionId, 'file-1']),
      )
      for (const [index, deliveryId] of expected.entries()) {
        const { runId = null } = applied.at(-1 - index) ?? {}
        const history = await store.findRunHistory(runId ?? '')
        expect(history?.deliveries.map((one) => one.deliveryId)).toEqual([deliveryId])
      }
      await store.forgetAsset('file-1', anAuditEntry({ kind: 'forget' }))
      for (const deliveryId of expected) expect(await store.findDelivery(deliveryId)).toBeUndefined()
    })
  })

  describe('a single delivery', () => {
    test('is found as it was recorded; its headers and body, until they are pruned', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'])
      const body = Buffer.from([0, 255, 34])
      const headers = { 'x-odd': 'ü' }
      const deliveryId = await deliver(
        submissionId,
        { service: 'remove-bg', status: 'failed' },
        { body, headers },
      )
      const [listed] = await listEveryDelivery(store)
      expect(await store.findDelivery(deliveryId)).toEqual({ ...listed, headers, body, bytes: 3 })
      expect(listed).toMatchObject({ deliveryId, runId })

      await withLease(store).pruneBodies(1_000_000, 10, null)
      expect(await store.findDelivery(deliveryId)).toMatchObject({ deliveryId, headers: null, body: null })
      for (const unknown of ['nowhere', ...unknownIds(deliveryId)])
        expect(await store.findDelivery(unknown)).toBeUndefined()
    })

    test('is found if it was rejected, with the original size of a truncated body', async () => {
      const { store } = current()
      const rejected = newRejected({ cause: 'too_large', bytes: 5_000_000 })
      const [deliveryId = ''] = await store.keepRejected([rejected])
      const { headers, body } = rejected
      expect(await store.findDelivery(deliveryId)).toMatchObject({
        deliveryId,
        outcome: 'rejected',
        cause: 'too_large',
        headers,
        body,
        bytes: 5_000_000,
      })
      for (const unknown of unknownIds(deliveryId)) expect(await store.findDelivery(unknown)).toBeUndefined()
    })
  })
}
