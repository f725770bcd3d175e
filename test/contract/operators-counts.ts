import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { causeOf } from '../../src/domain/failure-cause.ts'
import { bucketOf } from '../../src/domain/tally.ts'
import type { Store } from '../../src/store/store.ts'
import { newDelivery, refused, submit } from './facts.ts'
import type { OpenedStore } from './opened-store.ts'
import { anAct, countsOf, listEveryPage, WINDOWS } from './operator-facts.ts'
import { HOUR, type Known, perform, REFUSED_AT, step } from './operator-steps.ts'

/** What there is to count, told by the runs themselves. */
async function countedByRuns(store: Store) {
  const groups = new Map<string, number>()
  const settled = new Map<number, { success: number; failed: number; expired: number }>()
  const sums = WINDOWS.map(() => new Map<string, number>())
  const add = (counts: Map<string, number>, entry: object) => {
    const key = JSON.stringify(entry)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  for (const { run } of await listEveryPage(store)) {
    const { name: extension, status, requestedAt, settledAt, updatedAt } = run
    const cause = status === 'failed' ? causeOf(run.error) : ''
    add(groups, { acknowledged: run.acknowledgedAt !== null, cause, extension, status })
    if (status === 'pending') continue
    const hour = Math.floor((settledAt ?? updatedAt) / HOUR)
    const ofHour = settled.get(hour) ?? { success: 0, failed: 0, expired: 0 }
    ofHour[status] += 1
    settled.set(hour, ofHour)
    const tally = (kind: string, value: string, of = extension) => {
      for (const [index, [from, until]] of WINDOWS.entries()) {
        const sum = sums[index]
        if (sum && hour >= from && hour < until) add(sum, [kind, value, of])
      }
    }
    tally('settled', status)
    if (status === 'failed') tally('failed', cause)
    if (settledAt !== null) tally('seconds', String(bucketOf((settledAt - requestedAt) / 1000)), '')
  }
  const ofGroups = [...groups].map(([key, size]) => JSON.stringify(toEntries({ ...JSON.parse(key), size })))
  const ofHours = [...settled].map(([hour, counts]) => JSON.stringify(toEntries({ hour, ...counts })))
  const ofWindow = (sum: Map<string, number>) =>
    [...sum].map(([key, size]) => JSON.stringify([...JSON.parse(key), size])).toSorted()
  return { groups: ofGroups.toSorted(), settled: ofHours.toSorted(), sums: sums.map(ofWindow) }
}

function toEntries(entry: object) {
  return Object.entries(entry).toSorted(([one], [other]) => (one < other ? -1 : 1))
}

export function describeOperatorsCounts(current: () => OpenedStore): void {
  describe('what is counted', () => {
    test('is what the runs say, after any steps, one by one or at once, and whichever of them fail', async () => {
      await current().refuse('deliveries', REFUSED_AT)
      await current().refuse('submissions', REFUSED_AT)
      const steps = fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 })
      let failed = 0
      await fc.assert(
        fc.asyncProperty(steps, async (batches) => {
          const { store } = current()
          const known: Known = []
          for (const batch of batches) {
            const ended = await Promise.allSettled(batch.map((each) => perform(store, known, each)))
            failed += ended.filter(({ status }) => status === 'rejected').length
            expect(await countsOf(store)).toEqual(await countedByRuns(store))
          }
        }),
        { numRuns: 60 },
      )
      expect(failed).toBeGreaterThan(10)
      const store = await current().reopen()
      expect(await countsOf(store)).toEqual(await countedByRuns(store))
      expect((await countsOf(store)).settled.length).toBeGreaterThan(0)
    })

    test('has a limited number of causes for each extension, and what is beyond is counted together', async () => {
      const { store, reopen } = current()
      const asked = await Promise.all(
        Array.from({ length: 130 }, () => submit(store, ['remove-bg'], { fileName: 'a' })),
      )
      const fail = (submissionId: string, code: string) => {
        const word = { service: 'remove-bg', status: 'failed', error: { code }, fileId: null } as const
        return store.recordDelivery(newDelivery(submissionId, word))
      }
      await Promise.all(asked.map((one, each) => fail(one, `E${each}`)))
      const causesNow = async (of: Store) =>
        (await of.listRunGroups()).map(({ cause, size, acknowledged }) => `${cause} ${size} ${acknowledged}`)
      expect(await causesNow(store)).toHaveLength(101)
      expect(await causesNow(store)).toContain('other 30 false')
      expect(await listEveryPage(store, { cause: 'other' })).toHaveLength(30)
      expect(await listEveryPage(store, { cause: 'E99' })).toHaveLength(1)
      expect(await listEveryPage(store, { cause: 'E100' })).toEqual([])
      const tallied = await store.sumTallies(0, 10)
      expect(tallied).toContainEqual(['failed', 'other', 'remove-bg', 30])

      // A cause that goes makes room for another; what was counted with the others stays with them.
      const reopened = await reopen()
      const [early, late] = [
        await listEveryPage(reopened, { cause: 'E0' }),
        await listEveryPage(reopened, { cause: 'other' }),
      ]
      await reopened.acknowledgeRuns([early[0]?.run.runId ?? '', late[0]?.run.runId ?? ''], anAct())
      expect(await causesNow(reopened)).toEqual(
        expect.arrayContaining(['E0 1 true', 'other 29 false', 'other 1 true']),
      )
    })

    test('is of the hours that are asked for, half-open', async () => {
      const { store } = current()
      for (const receivedAt of [0, HOUR - 1, HOUR, 5 * HOUR, 30 * HOUR]) {
        const submissionId = await submit(store, ['remove-bg'], { at: receivedAt })
        const word = { service: 'remove-bg', status: 'success', fileId: null } as const
        await store.recordDelivery(newDelivery(submissionId, word, { receivedAt }))
      }
      const byHour = async (from: number, until: number) =>
        (await store.listSettled(from, until)).map(({ hour, success }) => [hour, success])
      expect(await byHour(0, 5)).toEqual([
        [0, 2],
        [1, 1],
      ])
      expect(await byHour(1, 31)).toEqual([
        [1, 1],
        [5, 1],
        [30, 1],
      ])
      const sum = async (from: number, until: number) =>
        (await store.sumTallies(from, until)).find(([kind]) => kind === 'settled')?.[3]
      expect([await sum(0, 24), await sum(0, 30), await sum(0, 31), await sum(24, 48)]).toEqual([4, 4, 5, 1])
      expect([await sum(1, 5), await sum(2, 5), await sum(5, 100)]).toEqual([1, undefined, 2])
    })

    test('tells which run has been pending the longest, by insertion', async () => {
      const { store } = current()
      expect(await store.findOldestPending()).toBeUndefined()
      const asked: string[] = []
      for (const at of [9_000, 1_000, 5_000]) asked.push(await submit(store, ['remove-bg'], { at }))
      const oldest = async () => (await store.findOldestPending())?.requestedAt
      expect(await oldest()).toBe(9_000)
      const [first = '', second = ''] = asked
      const word = { service: 'remove-bg', status: 'success', fileId: null } as const
      await store.recordDelivery(newDelivery(first, word))
      expect(await oldest()).toBe(1_000)
      await store.answerSubmission(second, refused('rejected'), 2_000)
      expect(await oldest()).toBe(5_000)
    })
  })
}
