import { describe, expect, test } from 'vitest'
import type { NewSubmission } from '../../src/domain/submission.ts'
import { anAuditEntry, FILE_ID, newAccountDelivery, newDelivery, unaccepted } from './builders.ts'
import { applyFinding, listEveryRun, submit as submitTo, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

const FAR_FUTURE = 100_000_000
const MINUTE = 60_000

const HUNDRED_NAMES = Array.from({ length: 100 }, (_, index) => `extension-${index}`)

export function describeOverdueRuns(current: () => StoreFixture): void {
  const submit = (at: number, names: string[] = ['remove-bg'], facts: Partial<NewSubmission> = {}) =>
    submitTo(current().store, names, { at, ...facts })
  const settle = (id: string, status: 'success' | 'failed' = 'success', service = 'remove-bg') =>
    current().store.recordDelivery(newDelivery(id, { service, status, fileId: null }))
  /** The submissions of the due runs, the longest due first. */
  const due = async (now = FAR_FUTURE, limit = 10) =>
    (await current().store.listDue(now, limit)).map(({ run }) => run.submissionId)
  const runIdOf = async (id: string) => (await current().store.findSubmission(id))?.runs[0]?.runId ?? ''

  describe('the sweep', () => {
    test('makes runs due that have been pending for `overdueAfterMs`; their due time is the end of that period', async () => {
      const { store } = current()
      const runs = [await submit(1_000), await submit(2_000), await submit(3_000)]
      expect(await due()).toEqual([])
      await sweep(store, { now: 6_999, overdueAfterMs: 5_000 })
      expect(await due()).toEqual(runs.slice(0, 1))
      await sweep(store, { now: 7_000, overdueAfterMs: 5_000 })
      expect(await due(5_999)).toEqual([])
      expect(await due(6_000)).toEqual(runs.slice(0, 1))
      expect(await due(6_999)).toEqual(runs.slice(0, 1))
      expect(await due(7_000)).toEqual(runs.slice(0, 2))
      await sweep(store, { now: 9_000, overdueAfterMs: 5_000 })
      expect(await due(8_000)).toEqual(runs)
    })

    test('changes nothing else about a run', async () => {
      const { store } = current()
      const id = await submit(1_000, ['remove-bg', 'ai-tasks'], { fileId: FILE_ID })
      const [found, asset] = [await store.findSubmission(id), await store.findAsset(FILE_ID)]
      await sweep(store)
      expect(await store.findSubmission(id)).toEqual(found)
      expect(await store.findAsset(FILE_ID)).toEqual(asset)
    })

    test('stops at the first run that is too young, and continues there, even after a restart', async () => {
      const { store, reopen } = current()
      const runs = [await submit(1_000), await submit(9_000), await submit(1_500)]
      await sweep(store, { now: 5_000 })
      expect(await due()).toEqual(runs.slice(0, 1))
      await sweep(store, { now: 8_999 })
      expect(await due()).toEqual(runs.slice(0, 1))
      const reopened = await reopen()
      await sweep(reopened, { now: 9_000 })
      const listed = await reopened.listDue(FAR_FUTURE, 10)
      expect(listed.map(({ run }) => run.submissionId)).toEqual([runs[0], runs[2], runs[1]])
    })

    test('reaches a run inserted after a restart, although the last run that it passed was forgotten', async () => {
      const { store, reopen } = current()
      const first = await submit(1_000)
      await submit(1_000, ['remove-bg', 'ai-tasks'], { fileId: FILE_ID })
      await sweep(store)
      expect(await store.forgetAsset(FILE_ID, anAuditEntry({ kind: 'forget' }))).toBe(true)
      const reopened = await reopen()
      const later = await submitTo(reopened, ['remove-bg'], { at: 2_000 })
      await sweep(reopened)
      const listed = await reopened.listDue(FAR_FUTURE, 10)
      expect(listed.map(({ run }) => run.submissionId)).toEqual([first, later])
    })

    test('treats a run dated more than a minute ahead as old, so it is due at once', async () => {
      const { store } = current()
      const ahead = await submit(5_000 + MINUTE + 1)
      const behind = await submit(1_000)
      const slightlyAhead = await submit(5_000 + MINUTE)
      const behindSlightlyAhead = await submit(1_000)
      await sweep(store, { now: 5_000 })
      expect(await due(4_999)).toEqual([behind])
      expect(await due(5_000)).toEqual([behind, ahead])
      await sweep(store, { now: 5_000 + MINUTE - 1 })
      expect(await due()).toEqual([behind, ahead])
      await sweep(store, { now: 5_000 + MINUTE })
      expect(new Set(await due())).toEqual(new Set([behind, ahead, slightlyAhead, behindSlightlyAhead]))
    })

    test('passes runs that are not pending, and those of rejected submissions', async () => {
      const { store } = current()
      const [succeeded, failed, rejected, expired] = [
        await submit(1_000),
        await submit(1_000),
        await submit(1_000),
        await submit(1_000, ['remove-bg'], { fileId: FILE_ID }),
      ]
      await settle(succeeded)
      await settle(failed, 'failed')
      await store.applyResponse(rejected, unaccepted('rejected'), 2_000)
      const event = { kind: 'asset', eventId: null, type: 'file.updated', fileId: FILE_ID } as const
      // The event makes the run due, so that it can expire.
      await store.recordAccountDelivery(newAccountDelivery(event))
      await applyFinding(store, await runIdOf(expired), { kind: 'timed_out' }, 3_000)
      const pending = await submit(1_000)
      await sweep(store)
      expect(await due()).toEqual([pending])
    })

    test('is needed for older submissions: an event about their asset makes only the runs of its newest 100 submissions due', async () => {
      const { store } = current()
      await submit(5_000, ['remove-bg'], { fileId: FILE_ID })
      const newest: string[] = []
      for (let count = 0; count < 100; count += 1)
        newest.push(await submit(5_000, ['remove-bg'], { fileId: FILE_ID }))
      const event = { kind: 'asset', eventId: null, type: 'file.updated', fileId: FILE_ID } as const
      await store.recordAccountDelivery(newAccountDelivery(event, 6_000))
      const found = await store.listDue(6_000, 200)
      expect(found.map(({ submission }) => submission.submissionId)).toEqual(newest)
    })

    test('keeps the due time of a run that has one, and never makes a run due again', async () => {
      const { store } = current()
      const dueByEvent = await submit(5_000, ['remove-bg'], { fileId: FILE_ID })
      const dueBySweep = await submit(1_000)
      const event = { kind: 'asset', eventId: null, type: 'file.updated', fileId: FILE_ID } as const
      await store.recordAccountDelivery(newAccountDelivery(event, 3_000))
      await sweep(store)
      expect(await due(3_000)).toEqual([dueBySweep, dueByEvent])
      await applyFinding(store, await runIdOf(dueBySweep), { kind: 'unchanged', dueAt: 9_000 }, 4_000)
      await applyFinding(store, await runIdOf(dueByEvent), { kind: 'timed_out' }, 4_000)
      await sweep(store)
      expect(await due(8_999)).toEqual([])
      expect(await due(9_000)).toEqual([dueBySweep])
    })

    test('marks a limited number of runs at a time, and returns whether there may be more', async () => {
      const { store } = current()
      await Promise.all(Array.from({ length: 25 }, () => submit(1_000, HUNDRED_NAMES)))
      const marked: number[] = []
      // The runs are overdue but only a second old. A store with overlapping transactions marks them, but reads them again each time
      // instead of passing them.
      for (let isMore = true; isMore; ) {
        isMore = await withLease(store).sweepOverdue(2_000, 1_000)
        marked.push((await store.listDue(FAR_FUTURE, 5_000)).length)
      }
      expect(marked.slice(0, 3)).toEqual([1_000, 2_000, 2_500])
      expect(await withLease(store).sweepOverdue(2_000, 1_000)).toBe(false)
    })

    test('passes a limited number of runs at a time, and returns whether there may be more', async () => {
      const { store } = current()
      const rejected = await Promise.all(Array.from({ length: 101 }, () => submit(1_000, HUNDRED_NAMES)))
      await Promise.all(rejected.map((id) => store.applyResponse(id, unaccepted('rejected'), 2_000)))
      const pending = await submit(1_000)
      expect(await withLease(store).sweepOverdue(FAR_FUTURE, 0)).toBe(true)
      expect(await due()).toEqual([])
      await sweep(store)
      expect(await due()).toEqual([pending])
    })

    test('makes exactly the pending runs due while runs are settled and submitted', async () => {
      const { store } = current()
      const submissionIds = await Promise.all(Array.from({ length: 60 }, (_, index) => submit(index)))
      const steps = submissionIds.flatMap((id, index) => [
        ...(index % 3 === 0 ? [settle(id)] : []),
        ...(index % 10 === 0 ? [withLease(store).sweepOverdue(index, 0)] : []),
        ...(index % 20 === 0 ? [submit(index)] : []),
      ])
      await Promise.all(steps)
      await sweep(store)
      const pending = (await listEveryRun(store, { status: 'pending' })).map(({ run }) => run.submissionId)
      // 60 submissions, less the 20 that are settled, and the 3 new ones.
      expect(pending).toHaveLength(43)
      expect(new Set(await due(FAR_FUTURE, 100))).toEqual(new Set(pending))
    })

    test('does not change the list of pending runs at any point', async () => {
      const { store } = current()
      const submissionIds: string[] = []
      for (let index = 0; index < 12; index += 1) submissionIds.push(await submit(index * 1_000, ['a', 'b']))
      const [, settled = '', rejected = '', early = '', , , , late = ''] = submissionIds
      await settle(settled, 'success', 'a')
      for (const id of [rejected, early, late]) await store.applyResponse(id, unaccepted('rejected'), 2_000)
      const acceptedLater = new Set<string>()
      const expected = () =>
        submissionIds
          .flatMap((id) => [[id, 'a'] as const, [id, 'b'] as const])
          .filter(([id, name]) => id !== rejected && !(id === settled && name === 'a'))
          .filter(([id, name]) => (id !== early && id !== late) || (acceptedLater.has(id) && name === 'b'))
          .toReversed()
      const pending = async (limit: number) =>
        (await listEveryRun(store, { status: 'pending' }, { limit })).map(({ run }) => [
          run.submissionId,
          run.name,
        ])
      for (const now of [-1, 3_500, 5_500, 20_000]) {
        await sweep(store, { now })
        for (const limit of [1, 3, 50]) expect(await pending(limit)).toEqual(expected())
        if (now !== 5_500) continue
        // Both submissions are accepted after all. The sweep has reached the early one, and not the late one.
        for (const id of [early, late]) {
          await settle(id, 'success', 'a')
          acceptedLater.add(id)
          for (const limit of [1, 3, 50]) expect(await pending(limit)).toEqual(expected())
        }
      }
    })

    test('does not change which pending run was inserted first', async () => {
      const { store } = current()
      const submissionIds: string[] = []
      for (const at of [9_000, 1_000, 5_000, 6_000]) submissionIds.push(await submit(at))
      const [first = '', second = '', third = '', fourth = ''] = submissionIds
      const oldest = async () => (await store.findOldestPending())?.runId
      expect(await oldest()).toBe(await runIdOf(first))
      await sweep(store, { now: 9_000 })
      expect(await oldest()).toBe(await runIdOf(first))
      await settle(first)
      expect(await oldest()).toBe(await runIdOf(second))
      await settle(third)
      await settle(second)
      expect(await oldest()).toBe(await runIdOf(fourth))
      await settle(fourth)
      expect(await oldest()).toBeUndefined()
      const later = await submit(500)
      expect(await oldest()).toBe(await runIdOf(later))
    })

    test('does not change which pending run was inserted first, even if a rejected submission is accepted after all', async () => {
      const { store } = current()
      const submissionIds: string[] = []
      for (const at of [1_000, 9_000, 8_000, 7_000]) submissionIds.push(await submit(at, ['a', 'b']))
      const [first = '', second = '', third = ''] = submissionIds
      const oldest = async () => (await store.findOldestPending())?.runId
      for (const id of [first, third]) await store.applyResponse(id, unaccepted('rejected'), 2_000)
      await sweep(store, { now: 8_999 })
      expect(await oldest()).toBe(await runIdOf(second))
      await settle(third, 'success', 'b')
      expect(await oldest()).toBe(await runIdOf(second))
      await settle(first, 'success', 'b')
      expect(await oldest()).toBe(await runIdOf(first))
      await settle(first, 'success', 'a')
      expect(await oldest()).toBe(await runIdOf(second))
      for (const name of ['a', 'b']) await settle(second, 'success', name)
      expect(await oldest()).toBe(await runIdOf(third))
    })
  })
}
