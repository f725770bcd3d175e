import { describe, expect, test } from 'vitest'
import type { RejectionCause } from '../../src/domain/delivery.ts'
import { newAccountDelivery, newDelivery, newRejected, unknownIds } from './builders.ts'
import { submit } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeRejectedDeliveries(current: () => StoreFixture): void {
  /** Stores rejected deliveries. A `submissionId` means that their token was valid. */
  const keep = async (
    count: number,
    cause: RejectionCause,
    body = Buffer.alloc(0),
    submissionId: string | null = null,
  ) => {
    const rejected = Array.from({ length: count }, () => newRejected({ cause, body, submissionId }))
    const ids = await current().store.keepRejected(rejected)
    expect(ids).toHaveLength(count)
    return ids
  }
  const isKept = async (deliveryId: string | undefined) =>
    (await current().store.findRejected(deliveryId ?? '')) !== undefined

  describe('rejected deliveries', () => {
    test('are found unchanged, also after the store is reopened; unknown ids are not found', async () => {
      const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      const extension = newRejected({ body, headers: { 'x-odd': 'ü"' } })
      const account = newRejected({ route: 'account', cause: 'too_large', token: null, bytes: 5_000_000 })
      const [one = '', other = ''] = await current().store.keepRejected([extension, account])
      expect(await current().store.findRejected(one)).toEqual({ ...extension, deliveryId: one })
      const store = await current().reopen()
      expect(await store.findRejected(one)).toEqual({ ...extension, deliveryId: one })
      expect(await store.findRejected(other)).toEqual({ ...account, deliveryId: other })
      for (const unknown of ['nowhere', ...unknownIds(one)])
        expect(await store.findRejected(unknown)).toBeUndefined()
    })

    test('are replayed in one step that keeps the id and removes the rejection, unless the delivery is rejected again', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg'])
      const [one = '', other = '', event = ''] = await keep(3, 'no_secret')
      const result = { service: 'remove-bg', status: 'success' } as const
      const replay = (replayOf: string, id = submissionId) =>
        store.recordDelivery(newDelivery(id, result, { replayOf }))
      expect(await replay(other, 'lost')).toMatchObject({ deliveryId: null, outcome: 'rejected' })
      const [first, second] = await Promise.allSettled([replay(one), replay(one)])
      expect(first).toMatchObject({ value: { deliveryId: one, outcome: 'applied' } })
      expect(second).toMatchObject({ reason: { code: 'unprocessable' } })
      for (const unknown of unknownIds(other))
        await expect(replay(unknown)).rejects.toMatchObject({ code: 'unprocessable' })
      const account = newAccountDelivery({ kind: 'other', eventId: null, type: null })
      expect(await store.recordAccountDelivery({ ...account, replayOf: event })).toMatchObject({
        deliveryId: event,
      })
      expect([await isKept(one), await isKept(event), await isKept(other)]).toEqual([false, false, true])
      expect(await store.findDelivery(one)).toMatchObject({ outcome: 'applied' })
      expect(await store.findDelivery(event)).toMatchObject({ route: 'account', outcome: 'ignored' })
    })

    test('are kept up to 1,000 without a valid token and 10,000 with one, and neither kind evicts the other', {
      timeout: 60_000,
    }, async () => {
      const keepWithToken = (count: number) => keep(count, 'not_json', undefined, 'a-submission')
      const [first, second] = await keepWithToken(2)
      const [forged] = await keep(1, 'forged_token')
      for (let round = 0; round < 10; round += 1) await keep(101, 'bad_signature')
      expect([await isKept(first), await isKept(forged)]).toEqual([true, false])
      const [newest] = await keep(1, 'no_secret')
      // Together with the first two, exactly 10,000.
      for (let round = 0; round < 10; round += 1) await keepWithToken(999)
      await keepWithToken(8)
      expect([await isKept(first), await isKept(second)]).toEqual([true, true])
      const [last] = await keepWithToken(1)
      expect([await isKept(first), await isKept(second), await isKept(last)]).toEqual([false, true, true])
      expect(await isKept(newest)).toBe(true)
    })

    test('without a valid token are kept up to 64 MiB of bodies in total: the oldest are evicted', async () => {
      const mebibyte = Buffer.alloc(1024 * 1024, 1)
      const [oldest, second] = await keep(64, 'forged_token', mebibyte)
      expect(await isKept(oldest)).toBe(true)
      const [small] = await keep(1, 'not_json', Buffer.alloc(1))
      expect([await isKept(oldest), await isKept(second), await isKept(small)]).toEqual([false, true, true])
    })

    test('that exceed the limit within one call are evicted, too', async () => {
      const ids = await keep(1_500, 'forged_token')
      expect([await isKept(ids[499]), await isKept(ids[500]), await isKept(ids[1_499])]).toEqual([
        false,
        true,
        true,
      ])
    })

    test('are counted by cause since a time', async () => {
      const { store } = current()
      expect(await store.countRejected(0)).toEqual([])
      await store.keepRejected([
        newRejected({ cause: 'no_secret', receivedAt: 999 }),
        newRejected({ cause: 'no_secret', receivedAt: 1_000 }),
        newRejected({ cause: 'no_secret', receivedAt: 1_001 }),
        newRejected({ cause: 'not_json', receivedAt: 1_000 }),
      ])
      const counted = await store.countRejected(1_000)
      expect(counted.toSorted((one, other) => one.count - other.count)).toEqual([
        { cause: 'not_json', count: 1 },
        { cause: 'no_secret', count: 2 },
      ])
    })

    test('stay stored when a call adds none', async () => {
      const ids = await keep(2, 'no_secret')
      expect(await current().store.keepRejected([])).toEqual([])
      expect(await Promise.all(ids.map(isKept))).toEqual([true, true])
    })

    test('cannot be stored or looked up in a closed store', async () => {
      const { store, reopen } = current()
      await reopen()
      await expect(store.keepRejected([newRejected()])).rejects.toMatchObject({ code: 'store_unavailable' })
      await expect(store.findRejected('any')).rejects.toMatchObject({ code: 'store_unavailable' })
    })
  })
}
