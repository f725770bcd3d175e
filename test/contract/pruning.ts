import { describe, expect, test } from 'vitest'
import { newAccountDelivery, newDelivery } from './builders.ts'
import { submit as submitTo } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

export function describePruning(current: () => StoreFixture): void {
  const submit = () => submitTo(current().store, ['remove-bg'])
  const deliverAt = (id: string, receivedAt: number) =>
    current().store.recordDelivery(
      newDelivery(id, { service: 'remove-bg', status: 'success' }, { receivedAt }),
    )

  /** Makes one step from the first body on, and returns the number of pruned bodies. `limit`: how many bodies the step checks at most. */
  const prune = async (before: number, limit: number) =>
    (await withLease(current().store).pruneBodies(before, limit, null)).pruned

  describe('the last trusted time of the clock', () => {
    test('is the time of the newest delivery or of the newest submission, whichever is later, until a time is saved', async () => {
      const { store } = current()
      expect(await store.findClockTrust()).toBeNull()
      const id = await submit()
      expect(await store.findClockTrust()).toEqual({ trustedAt: 1_000, doubtedMs: 0 })
      await deliverAt(id, 5_000)
      expect(await store.findClockTrust()).toEqual({ trustedAt: 5_000, doubtedMs: 0 })
      for (const trust of [
        { trustedAt: 4_000, doubtedMs: 7 },
        { trustedAt: 3_000, doubtedMs: 8 },
      ]) {
        await withLease(store).saveClockTrust(trust)
        await deliverAt(id, 9_000)
        expect(await store.findClockTrust()).toEqual(trust)
      }
    })
  })

  describe('pruning', () => {
    test('deletes old bodies, a limited number at a time, until no old ones are left', async () => {
      const id = await submit()
      for (let count = 0; count < 5; count++) await deliverAt(id, 1_000 + count)
      await current().store.recordAccountDelivery(
        newAccountDelivery({ kind: 'other', eventId: null, type: null }, 1_005),
      )
      await deliverAt(id, 1_006)
      const pruned: number[] = []
      for (let count = 0; count < 4; count++) pruned.push(await prune(1_006, 4))
      expect(pruned).toEqual([4, 2, 0, 0])
      expect(await prune(1_007, 4)).toBe(1)
    })

    test('changes no status, and later deliveries are still recognised as duplicates', async () => {
      const id = await submit()
      await deliverAt(id, 1_000)
      const event = newAccountDelivery({ kind: 'other', eventId: 'event-1', type: null }, 1_000)
      await current().store.recordAccountDelivery(event)
      const before = await current().store.findSubmission(id)
      expect(await prune(9_000, 10)).toBe(2)

      expect(await current().store.findSubmission(id)).toEqual(before)
      expect(await deliverAt(id, 9_000)).toMatchObject({ outcome: 'duplicate' })
      const again = newAccountDelivery({ kind: 'other', eventId: 'event-1', type: null }, 9_000)
      expect(await current().store.recordAccountDelivery(again)).toMatchObject({ outcome: 'duplicate' })
    })

    test('keeps recent bodies that were stored between old ones, as happens when the clock is set back', async () => {
      const id = await submit()
      for (const receivedAt of [1_000, 9_000, 1_001]) await deliverAt(id, receivedAt)
      expect(await prune(5_000, 10)).toBe(2)
      expect(await prune(9_001, 10)).toBe(1)
    })

    test('continues past recent bodies, even if they are more than one step checks, and ends after the last body', async () => {
      const id = await submit()
      for (const receivedAt of [9_000, 9_000, 9_000, 1_000, 1_001]) await deliverAt(id, receivedAt)
      const pruned: number[] = []
      let after: number | null = null
      do {
        const done: { pruned: number; next: number | null } = await withLease(current().store).pruneBodies(
          5_000,
          2,
          after,
        )
        pruned.push(done.pruned)
        after = done.next
      } while (after !== null)
      expect(pruned).toEqual([0, 1, 1])
    })

    test('deletes fewer bodies at a time if they are large, and skips none', async () => {
      const { store } = current()
      const id = await submit()
      const result = { service: 'remove-bg', status: 'success' } as const
      for (const kilobytes of [1, 700, 700, 1, 1_500, 700, 1])
        await store.recordDelivery(
          newDelivery(id, result, { receivedAt: 1_000, body: Buffer.alloc(kilobytes * 1_024) }),
        )
      const pruned: number[] = []
      for (let after: number | null = null; pruned.length === 0 || after !== null; ) {
        const done: { pruned: number; next: number | null } = await withLease(store).pruneBodies(
          5_000,
          50,
          after,
        )
        pruned.push(done.pruned)
        after = done.next
      }
      // A step that has selected 1 MiB selects no more, so the seven bodies take at least three steps.
      expect(pruned.length).toBeGreaterThan(2)
      expect(pruned.reduce((sum, count) => sum + count)).toBe(7)
      expect(await prune(5_000, 50)).toBe(0)
    })
  })
}
