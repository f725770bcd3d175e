import { describe, expect, test } from 'vitest'
import { type DeliveryFilter, EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import {
  accepted,
  FILE_ID,
  newAccountDelivery,
  newDelivery,
  newRefused,
  refused,
  unknownIds,
} from './facts.ts'
import type { OpenedStore } from './opened-store.ts'
import { anAct, listEveryDelivery, submitTo } from './operator-facts.ts'
import { upkeep } from './upkeep.ts'

export function describeOperatorsDeliveries(current: () => OpenedStore): void {
  const ids = async (filter?: Partial<DeliveryFilter>) =>
    (await listEveryDelivery(current().store, filter)).map(({ deliveryId }) => deliveryId)
  const tell = async (
    submissionId: string,
    word: Parameters<typeof newDelivery>[1],
    facts: Parameters<typeof newDelivery>[2] = {},
  ) => {
    const recorded = await current().store.recordDelivery(newDelivery(submissionId, word, facts))
    return recorded.deliveryId ?? 'nothing was recorded'
  }
  const keep = async (facts: Parameters<typeof newRefused>[0] = {}) => {
    const [deliveryId = ''] = await current().store.keepRejected([newRefused(facts)])
    return deliveryId
  }

  describe('a list of deliveries', () => {
    test('shows what became of each, and of a rejected one only the submission that its token proves', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitTo(store, ['remove-bg'], { fileId: FILE_ID })
      const applied = await tell(submissionId, { service: 'remove-bg', status: 'success' })
      const [lost, refused] = await store.keepRejected([
        newRefused({ receivedAt: 3_000, cause: 'unknown_submission', submissionId: 'lost' }),
        newRefused({ receivedAt: 4_000 }),
      ])
      expect(await listEveryDelivery(store)).toEqual([
        {
          deliveryId: refused,
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

    test('has each exactly once, refused ones among them as they were stored, whatever the clock said, while more of both come', async () => {
      const { store } = current()
      const { submissionId } = await submitTo(store, ['remove-bg'])
      const word = { service: 'remove-bg', status: 'success' } as const
      const expected: string[] = []
      for (let count = 0; count < 40; count += 1) {
        const receivedAt = 10_000 + ((count * 70) % 400)
        if (count % 3 === 0) expected.push(await keep({ receivedAt }))
        else expected.push(await tell(submissionId, word, { receivedAt }))
      }
      const newestFirst = expected.toReversed()
      expect(await ids()).toEqual(newestFirst)
      for (const limit of [1, 3, 7, 40]) {
        const between = async () => {
          await tell(submissionId, word, { receivedAt: 90_000 })
          await keep({ receivedAt: 90_000 })
        }
        const walked = (await listEveryDelivery(store, {}, { limit, between })).map(
          ({ deliveryId }) => deliveryId,
        )
        expect(new Set(walked).size).toBe(walked.length)
        expect(walked.filter((deliveryId) => newestFirst.includes(deliveryId))).toEqual(newestFirst)
      }
    })

    test('is narrowed down to one outcome', async () => {
      const { store } = current()
      const { submissionId } = await submitTo(store, ['remove-bg'])
      const say = (status: 'success' | 'failed') => tell(submissionId, { service: 'remove-bg', status })
      const [applied, duplicate, contradicted, again] = [
        await say('success'),
        await say('success'),
        await say('failed'),
        await say('failed'),
      ]
      const ignored = await tell(submissionId, { service: null })
      const refused = await keep()
      expect(await ids({ outcome: 'applied' })).toEqual([applied])
      expect(await ids({ outcome: 'duplicate' })).toEqual([again, duplicate])
      expect(await ids({ outcome: 'contradicted' })).toEqual([contradicted])
      expect(await ids({ outcome: 'ignored' })).toEqual([ignored])
      expect(await ids({ outcome: 'rejected' })).toEqual([refused])
    })

    test('of a file has each once, the newest first, however many submissions the file has', async () => {
      const { store } = current()
      const file = { fileId: FILE_ID }
      const submitted: { submissionId: string; runId: string }[] = []
      while (submitted.length < 1_010)
        submitted.push(
          ...(await Promise.all(Array.from({ length: 101 }, () => submitTo(store, ['remove-bg'], file)))),
        )
      const word = { service: 'remove-bg', status: 'success' } as const
      const told: string[] = []
      const others: string[] = []
      for (const [index, { submissionId }] of submitted.toReversed().entries()) {
        if (index % 10 > 0) continue
        told.push(await tell(submissionId, word))
        const other = await submitTo(store, ['remove-bg'], { fileId: 'file-other' })
        others.push(await tell(other.submissionId, { ...word, fileId: 'file-other' }))
      }
      expect(await ids(file)).toEqual(told.toReversed())
      expect(await ids({ ...file, outcome: 'applied', service: 'remove-bg' })).toEqual(told.toReversed())
      expect(await ids({ fileId: 'file-other' })).toEqual(others.toReversed())
    })

    test('has a replayed one where it was, and each outcome page by page', async () => {
      const { store } = current()
      const { submissionId } = await submitTo(store, ['remove-bg'])
      const word = { service: 'remove-bg', status: 'success' } as const
      const rejected: string[] = []
      const recorded: string[] = []
      for (let count = 0; count < 5; count += 1) {
        rejected.push(await keep({ receivedAt: 5_000 - count }))
        recorded.push(await tell(submissionId, word, { receivedAt: 1_000 + count }))
      }
      const all = await ids()
      const [first = '', , third = ''] = rejected
      for (const replayOf of [third, first])
        expect(await tell(submissionId, word, { replayOf })).toBe(replayOf)
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

    test('is narrowed down to a file: those of its submissions, about it, and that name it elsewhere', async () => {
      const { store } = current()
      const one = await submitTo(store, ['remove-bg'], { fileId: 'file-1' })
      const two = await submitTo(store, ['remove-bg'], { fileId: 'file-1' })
      const other = await submitTo(store, ['remove-bg'], { fileId: 'file-2' })
      const unknown = await submitTo(store, ['remove-bg'])
      const word = { service: 'remove-bg', status: 'success', fileId: 'file-1' } as const
      const expected = [
        await tell(one.submissionId, word),
        await tell(two.submissionId, { ...word, fileId: null }),
        await tell(one.submissionId, word),
        await tell(other.submissionId, word),
        await tell(unknown.submissionId, { ...word, service: 'never-asked' }),
      ]
      const event = newAccountDelivery({
        kind: 'asset',
        eventId: null,
        type: 'file.updated',
        fileId: 'file-1',
      })
      const { deliveryId: told } = await store.recordAccountDelivery(event)
      await tell(other.submissionId, { ...word, fileId: 'file-2' })
      await store.keepRejected([newRefused({ body: Buffer.from('{"fileId":"file-1"}') })])

      expect(await ids({ fileId: 'file-1' })).toEqual([told, ...expected.toReversed()])
      expect(await ids({ fileId: 'file-1', outcome: 'applied' })).toEqual([expected[1], expected[0]])
      expect(await ids({ fileId: 'file-1', outcome: 'duplicate' })).toEqual([expected[2]])
      const paged = await listEveryDelivery(store, { fileId: 'file-1' }, { limit: 2 })
      expect(paged.map(({ deliveryId }) => deliveryId)).toEqual([told, ...expected.toReversed()])
      expect(await ids({ fileId: 'nowhere' })).toEqual([])
    })

    test('of a file has those that settled a run which nobody had asked for by its name, and one that was claimed', async () => {
      const { store } = current()
      const saved = await submitTo(store, ['saved-extension'], { fileId: 'file-1' })
      const rejected = await submitTo(store, ['remove-bg', 'ai-tasks'], { fileId: 'file-1' })
      const queued = await submitTo(store, ['remove-bg'])
      await store.applyResponse(rejected.submissionId, refused('rejected'), 1_500)
      const word = { service: 'remove-bg', status: 'success', fileId: 'file-1' } as const
      const expected = [
        await tell(saved.submissionId, word),
        await tell(rejected.submissionId, word),
        await tell(queued.submissionId, { ...word, service: 'ai-tasks', fileId: null }),
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
      await store.forgetAsset('file-1', anAct({ kind: 'forget' }))
      for (const deliveryId of expected) expect(await store.findDelivery(deliveryId)).toBeUndefined()
    })
  })

  describe('one delivery', () => {
    test('is found as it came, with its body until that is pruned', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitTo(store, ['remove-bg'])
      const body = Buffer.from([0, 255, 34])
      const headers = { 'x-odd': 'ü' }
      const deliveryId = await tell(
        submissionId,
        { service: 'remove-bg', status: 'failed' },
        { body, headers },
      )
      const [listed] = await listEveryDelivery(store)
      expect(await store.findDelivery(deliveryId)).toEqual({ ...listed, headers, body, bytes: 3 })
      expect(listed).toMatchObject({ deliveryId, runId })

      await upkeep(store).pruneBodies(1_000_000, 10, null)
      expect(await store.findDelivery(deliveryId)).toMatchObject({ deliveryId, headers: null, body: null })
      for (const unknown of ['nowhere', ...unknownIds(deliveryId)])
        expect(await store.findDelivery(unknown)).toBeUndefined()
    })

    test('is found among the refused, also where its body was cut', async () => {
      const { store } = current()
      const refused = newRefused({ cause: 'too_large', bytes: 5_000_000 })
      const [deliveryId = ''] = await store.keepRejected([refused])
      const { headers, body } = refused
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
