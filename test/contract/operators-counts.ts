import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { causeOf } from '../../src/domain/failure-cause.ts'
import type { FinalStatus } from '../../src/domain/run.ts'
import { bucketOf } from '../../src/domain/tally.ts'
import type { Store } from '../../src/store/store.ts'
import { accepted, EVIDENCE, newDelivery, newSubmission, refused } from './facts.ts'
import type { OpenedStore } from './opened-store.ts'
import { anAct, countsOf, listEveryPage, WINDOWS } from './operator-facts.ts'

const HOUR = 3_600_000
const NAMES = ['remove-bg', 'ai-tasks', 'saved-extension']

/** One thing that is asked of the store; `index` says of which submission. */
type Step =
  | { kind: 'submit'; names: string[]; fileId: string | null; at: number }
  | { kind: 'taken' | 'clash' | 'forget' | 'again'; index: number }
  | {
      kind: 'answer'
      index: number
      statuses: { [name: string]: 'pending' | FinalStatus }
      isQueued: boolean
    }
  | { kind: 'refuse'; index: number; as: 'rejected' | 'unconfirmed' }
  | { kind: 'webhook'; index: number; service: string; status: FinalStatus; code: string | null; at: number }
  | { kind: 'finding'; index: number; finding: 'evidence' | 'no_word' | 'asset_gone' }
  | { kind: 'acknowledge'; indexes: number[] }

const index = fc.nat(6)
const at = fc.integer({ min: 0, max: 30 * HOUR })
const finalStatus = fc.constantFrom<FinalStatus>('success', 'failed')
const service = fc.constantFrom('remove-bg', 'ai-tasks', 'surprise')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      names: fc.subarray(NAMES, { minLength: 1 }),
      fileId: fc.constantFrom('file-1', 'file-2', null),
      at,
    }),
  },
  fc.record({ kind: fc.constantFrom('taken' as const, 'clash', 'forget', 'again'), index }),
  fc.record({
    kind: fc.constant('answer' as const),
    index,
    statuses: fc.dictionary(service, fc.constantFrom('pending' as const, 'success', 'failed')),
    isQueued: fc.boolean(),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('refuse' as const),
      index,
      as: fc.constantFrom('rejected' as const, 'unconfirmed'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('webhook' as const),
      index,
      service,
      status: finalStatus,
      code: fc.option(fc.constantFrom('E1', 'E2', 'E3')),
      at,
    }),
  },
  fc.record({
    kind: fc.constant('finding' as const),
    index,
    finding: fc.constantFrom('evidence' as const, 'no_word', 'asset_gone'),
  }),
  fc.record({ kind: fc.constant('acknowledge' as const), indexes: fc.array(index, { maxLength: 3 }) }),
)

type Known = ReturnType<typeof newSubmission>[]

async function perform(store: Store, known: Known, step: Step): Promise<unknown> {
  if (step.kind === 'submit') {
    const asked = newSubmission(step.names, { fileId: step.fileId, at: step.at })
    known.push(asked)
    return store.createSubmission(asked)
  }
  if (step.kind === 'acknowledge') {
    const found = await Promise.all(step.indexes.map((each) => runsOf(store, known, each)))
    return store.acknowledgeRuns(
      found.flatMap((runs) => runs.map(({ runId }) => runId)),
      anAct(),
    )
  }
  const asked = known[step.index % Math.max(1, known.length)]
  if (asked === undefined) return
  const { submissionId, fileId } = asked
  switch (step.kind) {
    case 'taken':
      // It fails once its runs are counted: its first name is fresh, and its id is taken.
      return store.createSubmission({ ...asked, extensions: [{ name: 'fresh' }] })
    case 'clash': {
      const delivery = newDelivery(submissionId, { service: 'ai-tasks', status: 'failed', fileId })
      await store.recordDelivery({ ...delivery, word: { ...delivery.word, service: null } })
      return store.recordDelivery({ ...delivery, word: { ...delivery.word, error: { code: 'only here' } } })
    }
    case 'forget':
      return fileId === null ? undefined : store.forgetAsset(fileId, anAct({ kind: 'forget' }))
    case 'again': {
      const [run] = await runsOf(store, known, step.index)
      const again = newSubmission([run?.name ?? 'remove-bg'], { fileId, kind: 'update', attempt: 2 })
      return store.submitRetry(run?.runId ?? '', again, { act: anAct({ kind: 'retry' }) })
    }
    case 'answer': {
      const facts = { fileId: step.isQueued ? null : fileId }
      return store.answerSubmission(submissionId, accepted(step.statuses, facts), 2 * HOUR)
    }
    case 'refuse':
      return store.answerSubmission(submissionId, refused(step.as), 3 * HOUR)
    case 'webhook': {
      const { service: named, status, code } = step
      const error = code === null ? null : { code }
      const word = { service: named, status, fileId, error }
      return store.recordDelivery(newDelivery(submissionId, word, { receivedAt: step.at }))
    }
    case 'finding': {
      const [run] = await runsOf(store, known, step.index)
      const finding = step.finding === 'evidence' ? EVIDENCE : { kind: step.finding }
      return store.applyFinding(run?.runId ?? '', finding, 4 * HOUR)
    }
  }
}

async function runsOf(store: Store, known: Known, index: number) {
  const asked = known[index % Math.max(1, known.length)]
  return (asked && (await store.findSubmission(asked.submissionId))?.runs) ?? []
}

/** What there is to count, told by the runs themselves. */
async function countedByRuns(store: Store) {
  const groups = new Map<string, number>()
  const settled = new Map<string, number>()
  const sums = WINDOWS.map(() => new Map<string, number>())
  const add = (counts: Map<string, number>, entry: { [name: string]: unknown }) => {
    const key = JSON.stringify(entry)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  for (const { run } of await listEveryPage(store)) {
    const { name: extension, status, requestedAt, settledAt, updatedAt } = run
    const cause = status === 'failed' ? causeOf(run.error) : ''
    add(groups, { acknowledged: run.acknowledgedAt !== null, cause, extension, status })
    if (status === 'pending') continue
    const hour = Math.floor((settledAt ?? updatedAt) / HOUR)
    add(settled, { hour, status })
    const tally = (kind: string, value: string) => {
      for (const [index, [from, until]] of WINDOWS.entries()) {
        const sum = sums[index]
        if (sum && hour >= from && hour < until) add(sum, { extension, kind, value })
      }
    }
    tally('settled', status)
    if (status === 'failed') tally('failed', cause)
    if (settledAt !== null) tally('seconds', String(bucketOf((settledAt - requestedAt) / 1000)))
  }
  const told = (counts: Map<string, number>) =>
    [...counts].map(([key, size]) => JSON.stringify(toEntries({ ...JSON.parse(key), size }))).toSorted()
  return { groups: told(groups), settled: told(settled), sums: sums.map(told) }
}

function toEntries(entry: object) {
  return Object.entries(entry).toSorted(([one], [other]) => (one < other ? -1 : 1))
}

export function describeOperatorsCounts(current: () => OpenedStore): void {
  describe('what is counted', () => {
    test('is what the runs say, after any steps, one by one or at once, and whichever of them fail', async () => {
      const steps = fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 })
      await fc.assert(
        fc.asyncProperty(steps, async (batches) => {
          const { store } = current()
          const known: Known = []
          for (const batch of batches) {
            await Promise.allSettled(batch.map((each) => perform(store, known, each)))
            expect(await countsOf(store)).toEqual(await countedByRuns(store))
          }
        }),
        { numRuns: 60 },
      )
      const store = await current().reopen()
      expect(await countsOf(store)).toEqual(await countedByRuns(store))
      expect((await countsOf(store)).settled.length).toBeGreaterThan(0)
    })

    test('has a limited number of causes for each extension, and what is beyond is counted together', async () => {
      const { store, reopen } = current()
      const asked = Array.from({ length: 130 }, () => newSubmission(['remove-bg'], { fileName: 'a' }))
      await Promise.all(asked.map((one) => store.createSubmission(one)))
      const fail = ({ submissionId }: { submissionId: string }, code: string) => {
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
      expect(tallied.find(({ kind, value }) => kind === 'failed' && value === 'other')?.size).toBe(30)

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
        const asked = newSubmission(['remove-bg'], { at: receivedAt })
        await store.createSubmission(asked)
        const word = { service: 'remove-bg', status: 'success', fileId: null } as const
        await store.recordDelivery(newDelivery(asked.submissionId, word, { receivedAt }))
      }
      const byHour = async (from: number, until: number) =>
        (await store.listSettled(from, until)).map(({ hour, size }) => [hour, size])
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
        (await store.sumTallies(from, until)).find(({ kind }) => kind === 'settled')?.size
      expect([await sum(0, 24), await sum(0, 30), await sum(0, 31), await sum(24, 48)]).toEqual([4, 4, 5, 1])
      expect([await sum(1, 5), await sum(2, 5), await sum(5, 100)]).toEqual([1, undefined, 2])
    })

    test('tells which run has been pending the longest, by insertion', async () => {
      const { store } = current()
      expect(await store.findOldestPending()).toBeUndefined()
      const asked = [9_000, 1_000, 5_000].map((time) => newSubmission(['remove-bg'], { at: time }))
      for (const one of asked) await store.createSubmission(one)
      const oldest = async () => (await store.findOldestPending())?.requestedAt
      expect(await oldest()).toBe(9_000)
      const [first, second] = asked
      const word = { service: 'remove-bg', status: 'success', fileId: null } as const
      await store.recordDelivery(newDelivery(first?.submissionId ?? '', word))
      expect(await oldest()).toBe(1_000)
      await store.answerSubmission(second?.submissionId ?? '', refused('rejected'), 2_000)
      expect(await oldest()).toBe(5_000)
    })
  })
}
