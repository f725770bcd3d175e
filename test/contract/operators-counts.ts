import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketOf } from '../../src/domain/duration-buckets.ts'
import { causeOf, replaceRareCauses } from '../../src/domain/failure-cause.ts'
import type { SettledInHour } from '../../src/domain/stat-counters.ts'
import type { Store } from '../../src/store/store.ts'
import { anAuditEntry, newDelivery, unaccepted } from './builders.ts'
import { FAILING_AT, HOUR, type KnownSubmissions, perform, type Step, step } from './random-steps.ts'
import {
  countsOf,
  deliverResult,
  fold,
  listEveryRun,
  STAT_WINDOWS,
  sortEntries,
  submit,
  submitWithRuns,
} from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

/** The expected counts, computed from the runs themselves. */
async function computeCounts(store: Store): ReturnType<typeof countsOf> {
  const groups = new Map<string, number>()
  const sums = STAT_WINDOWS.map(() => new Map<string, number>())
  const settled = new Map<number, SettledInHour>()
  const add = (counts: Map<string, number>, entry: object) => {
    const key = JSON.stringify(entry)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  for (const { run } of await listEveryRun(store)) {
    const { name: extension, status, requestedAt, settledAt, updatedAt } = run
    const cause = status === 'failed' ? causeOf(run.error) : ''
    add(groups, { acknowledged: run.acknowledgedAt !== null, cause, extension, status })
    if (status === 'pending') continue
    const hour = Math.floor((settledAt ?? updatedAt) / HOUR)
    const ofHour = settled.get(hour) ?? { hour, success: 0, failed: 0, expired: 0 }
    ofHour[status] += 1
    settled.set(hour, ofHour)
    for (const [index, [from, until]] of STAT_WINDOWS.entries()) {
      const sum = sums[index]
      if (sum === undefined || hour < from || hour >= until) continue
      // The counters of several hours are summed, and the sum has the hour 0.
      add(sum, [0, 'settled', extension, status])
      if (status === 'failed') add(sum, [0, 'failed', extension, cause])
      if (settledAt !== null) add(sum, [0, 'seconds', '', String(bucketOf((settledAt - requestedAt) / 1000))])
    }
  }
  const ofGroups = [...groups].map(([key, count]) =>
    JSON.stringify(sortEntries({ ...JSON.parse(key), count })),
  )
  const ofWindow = (sum: Map<string, number>) =>
    [...sum].map(([key, count]) => JSON.stringify([...JSON.parse(key), count])).toSorted()
  const hours = [...settled.values()].toSorted((one, other) => one.hour - other.hour)
  return {
    groups: STAT_WINDOWS.map(() => ofGroups.toSorted()),
    counters: sums.map(ofWindow),
    byHour: STAT_WINDOWS.map(([from, until]) => hours.filter(({ hour }) => hour >= from && hour < until)),
  }
}

/** A sequence with steps that fail. It is always tested: a few random ones alone might contain none. */
const WITH_FAILURES: Step[][] = [
  [{ kind: 'submit', names: ['remove-bg'], fileId: 'file-1', at: 0 }],
  [
    { kind: 'failing submit', index: 0 },
    { kind: 'failing webhook', index: 0 },
  ],
]

/** `share` is the fraction of the random cases that are tested. */
export function describeOperatorsCounts(current: () => StoreFixture, share: number): void {
  describe('the counters', () => {
    test('match the runs after any steps, sequential or concurrent, even if some fail', async () => {
      await current().failInserts('deliveries', FAILING_AT)
      await current().failInserts('submissions', FAILING_AT)
      const steps = fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 })
      let failed = 0
      await fc.assert(
        fc.asyncProperty(steps, async (batches) => {
          const { store } = current()
          const known: KnownSubmissions = []
          for (const batch of batches) {
            const settled = await Promise.allSettled(batch.map((one) => perform(store, known, one)))
            failed += settled.filter(({ status }) => status === 'rejected').length
            expect(await countsOf(store)).toEqual(await computeCounts(store))
          }
        }),
        { numRuns: Math.ceil(100 * share), examples: [[WITH_FAILURES]] },
      )
      // `WITH_FAILURES` alone contains two.
      expect(failed).toBeGreaterThan(share < 1 ? 1 : 10)
      const store = await current().reopen()
      expect(await countsOf(store)).toEqual(await computeCounts(store))
      expect((await countsOf(store)).counters[0]?.length).toBeGreaterThan(0)
      await fold(store)
      expect(await countsOf(store)).toEqual(await computeCounts(store))
    })

    test('stay the same while the deltas of the batches are folded into totals, a limited number at a time', {
      timeout: 60_000,
    }, async () => {
      const { store } = current()
      // Each write is a separate batch, and each submission and delivery adds one delta: even the half of the deliveries that report on
      // an extension that was not requested.
      for (let index = 0; index < 600; index += 1) {
        const at = (index % 40) * HOUR
        const { submissionId, runId } = await submitWithRuns(store, [index % 2 ? 'remove-bg' : 'ai-tasks'], {
          at,
        })
        if (index % 3 === 0)
          await deliverResult(store, submissionId, 'ai-tasks', 'success', { at: at + 9_000 })
        else
          await deliverResult(store, submissionId, 'remove-bg', 'failed', {
            code: `E${index % 7}`,
            at: at + index,
          })
        if (index % 10 === 0) await store.acknowledgeRuns([runId], anAuditEntry())
      }
      const counted = await computeCounts(store)
      expect(await countsOf(store)).toEqual(counted)
      let folds = 0
      for (let isMore = true; isMore; folds += 1) {
        isMore = await withLease(store).foldCounters()
        expect(await countsOf(store)).toEqual(counted)
      }
      expect(folds).toBeGreaterThan(1)
      expect(await withLease(store).foldCounters()).toBe(false)
      const reopened = await current().reopen()
      expect(await countsOf(reopened)).toEqual(counted)
    })

    test('are empty once the only asset is forgotten, folded or not', async () => {
      const { store } = current()
      for (const isFolded of [false, true]) {
        const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-1' })
        await deliverResult(store, submissionId, 'remove-bg', 'failed', { code: 'E1' })
        if (isFolded) await fold(store)
        await store.acknowledgeRuns([runId], anAuditEntry())
        await store.forgetAsset('file-1', anAuditEntry({ kind: 'forget' }))
        expect(await store.readStats(0, 100)).toEqual({ groups: [], counters: [], byHour: [] })
        if (isFolded) await fold(store)
        expect(await store.readStats(0, 100)).toEqual({ groups: [], counters: [], byHour: [] })
      }
    })

    test('contain every cause; the hundred most frequent of each extension are shown by name, and the others are shown and listed as `other`', async () => {
      const { store } = current()
      const fail = async (extension: string, code: string) => {
        const submissionId = await submit(store, [extension])
        await deliverResult(store, submissionId, extension, 'failed', { code })
        return submissionId
      }
      const codes = Array.from({ length: 130 }, (_, index) => `E${index}`)
      // The first hundred causes are frequent for one extension, the last hundred for the other.
      await Promise.all([
        ...codes.flatMap((code, index) => [
          fail('remove-bg', code),
          ...(index < 100 ? [fail('remove-bg', code)] : []),
          fail('ai-tasks', code),
          ...(index >= 30 ? [fail('ai-tasks', code)] : []),
        ]),
        fail('remove-bg', 'other'),
      ])
      const causesOf = async (of: Store, extension: string) => {
        const { groups } = await of.readStats(0, 0)
        return replaceRareCauses(groups)
          .filter((group) => group.extension === extension)
          .map(({ cause, count }) => `${cause} ${count}`)
      }
      const shown = (from: number, until: number) => codes.slice(from, until).map((code) => `${code} 2`)
      const others = (count: number) => Array.from({ length: count }, () => 'other 1')
      const { groups } = await store.readStats(0, 0)
      // 130 causes of each extension, and the cause that ImageKit calls `other`.
      expect(groups).toHaveLength(261)
      for (const isFolded of [false, true]) {
        if (isFolded) await fold(store)
        expect((await causesOf(store, 'remove-bg')).toSorted()).toEqual(
          [...shown(0, 100), ...others(31)].toSorted(),
        )
        expect((await causesOf(store, 'ai-tasks')).toSorted()).toEqual(
          [...shown(30, 130), ...others(30)].toSorted(),
        )
        const listed = await listEveryRun(store)
        const withRareCause = (extension: string, from: number, until: number) => {
          const rare = [...codes.slice(from, until), 'other']
          return listed.filter(({ run }) => run.name === extension && rare.includes(causeOf(run.error)))
        }
        const ofRemoveBg = withRareCause('remove-bg', 100, 130)
        const ofAiTasks = withRareCause('ai-tasks', 0, 30)
        expect([ofRemoveBg.length, ofAiTasks.length]).toEqual([31, 30])
        const listOther = (extension: string | null) => listEveryRun(store, { cause: 'other', extension })
        expect(await listOther('remove-bg')).toEqual(ofRemoveBg)
        expect(await listOther('ai-tasks')).toEqual(ofAiTasks)
        expect(await listOther('no-such')).toEqual([])
        const both = listed.filter((one) => ofRemoveBg.includes(one) || ofAiTasks.includes(one))
        expect(await listOther(null)).toEqual(both)
        expect(await listEveryRun(store, { cause: 'E0' })).toHaveLength(3)
        expect(await listEveryRun(store, { cause: 'E129', extension: 'remove-bg' })).toHaveLength(1)
      }
    })

    test.each([
      ['a lone surrogate', 'a\uD800b', 'a\uFFFDb'],
      // Only the first 1,000 characters count, and they end within the pair.
      ['a surrogate pair that is cut', `https://a/${'x'.repeat(988)} 😀`, '… \uFFFD'],
      ['NUL', 'a\u0000b', 'a\uFFFDb'],
      ['quotes', 'a"b\'c\\', 'a"b\'c\\'],
      ['a number', '123', '123'],
      ['a JSON literal', 'null', 'null'],
    ])(
      'have a cause for a message that contains %s, and the list can be filtered by it',
      async (_, message, cause) => {
        const { store } = current()
        const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-1' })
        const result = { service: 'remove-bg', status: 'failed', fileId: null, error: { message } } as const
        await store.recordDelivery(newDelivery(submissionId, result))
        for (const isFolded of [false, true]) {
          if (isFolded) await fold(store)
          expect((await store.readStats(0, 1)).groups).toMatchObject([{ cause, count: 1 }])
          expect(await listEveryRun(store, { cause })).toMatchObject([{ run: { runId } }])
          expect(await listEveryRun(store, { cause: 'other' })).toEqual([])
        }
        await store.forgetAsset('file-1', anAuditEntry({ kind: 'forget' }))
        expect(await store.readStats(0, 1)).toEqual({ groups: [], counters: [], byHour: [] })
      },
    )

    test('determine which causes are the most frequent at present; the others are listed as `other`', async () => {
      const { store } = current()
      const fail = async (code: string, fileId: string) => {
        const submissionId = await submit(store, ['remove-bg'], { fileId })
        await deliverResult(store, submissionId, 'remove-bg', 'failed', { code })
      }
      await Promise.all(Array.from({ length: 100 }, (_, index) => fail(`E${index}`, 'file-1')))
      await fail('late', 'file-2')
      await fail('late', 'file-2')
      // `late` occurs twice, so one of the hundred causes that occur once is not among the hundred most frequent.
      const countOther = async () => (await listEveryRun(store, { cause: 'other' })).length
      expect(await countOther()).toBe(1)
      const [acknowledged] = await listEveryRun(store, { cause: 'other' })
      await store.acknowledgeRuns([acknowledged?.run.runId ?? ''], anAuditEntry())
      expect(await listEveryRun(store, { cause: 'other', acknowledged: true })).toHaveLength(1)
      expect(await listEveryRun(store, { cause: 'other', acknowledged: false })).toEqual([])
      await store.forgetAsset('file-2', anAuditEntry({ kind: 'forget' }))
      expect(await countOther()).toBe(0)
      expect((await store.readStats(0, 0)).groups).toHaveLength(100)
    })

    test('cover the requested hours, including the first and excluding the last', async () => {
      const { store } = current()
      for (const receivedAt of [0, HOUR - 1, HOUR, 5 * HOUR, 30 * HOUR]) {
        const submissionId = await submit(store, ['remove-bg'], { at: receivedAt })
        const result = { service: 'remove-bg', status: 'success', fileId: null } as const
        await store.recordDelivery(newDelivery(submissionId, result, { receivedAt }))
      }
      const byHour = async (from: number, until: number) => {
        const { byHour: hours } = await store.readStats(from, until)
        return hours.map(({ hour, success }) => [hour, success])
      }
      expect(await byHour(0, 5)).toEqual([
        [0, 2],
        [1, 1],
      ])
      expect(await byHour(1, 31)).toEqual([
        [1, 1],
        [5, 1],
        [30, 1],
      ])
      const sum = async (from: number, until: number) => {
        const { counters } = await store.readStats(from, until)
        return counters.filter(([, kind]) => kind === 'seconds').map(([, , , , count]) => count)
      }
      for (const isFolded of [false, true]) {
        if (isFolded) await fold(store)
        const sums = [await sum(0, 24), await sum(0, 30), await sum(0, 31), await sum(24, 48)]
        expect(sums).toEqual([[4], [4], [5], [1]])
        expect([await sum(1, 5), await sum(2, 5), await sum(5, 100)]).toEqual([[1], [], [2]])
      }
    })
  })

  describe('the oldest pending run', () => {
    test('is the one that was inserted first, whatever the times of the requests', async () => {
      const { store } = current()
      expect(await store.findOldestPending()).toBeUndefined()
      const submissionIds: string[] = []
      for (const at of [9_000, 1_000, 5_000]) submissionIds.push(await submit(store, ['remove-bg'], { at }))
      const oldest = async () => (await store.findOldestPending())?.requestedAt
      expect(await oldest()).toBe(9_000)
      const [first = '', second = ''] = submissionIds
      const result = { service: 'remove-bg', status: 'success', fileId: null } as const
      await store.recordDelivery(newDelivery(first, result))
      expect(await oldest()).toBe(1_000)
      await store.applyResponse(second, unaccepted('rejected'), 2_000)
      expect(await oldest()).toBe(5_000)
    })
  })
}
