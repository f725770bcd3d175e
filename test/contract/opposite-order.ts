import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import type { FinalStatus } from '../../src/domain/run.ts'
import type { Store } from '../../src/store/store.ts'
import { accepted, anAuditEntry, newAccountDelivery, newDelivery } from './builders.ts'
import { applyFinding, submitWithRuns, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

const NAMES = ['remove-bg', 'ai-tasks']

type Pair = { fileId: string; submissions: Awaited<ReturnType<typeof submitWithRuns>>[] }

/** Two submissions of one file. */
export async function submitPair(store: Store, fileId: string): Promise<Pair> {
  const facts = { fileId }
  return {
    fileId,
    submissions: [await submitWithRuns(store, NAMES, facts), await submitWithRuns(store, NAMES, facts)],
  }
}

/** What is done to the rows of a pair, concurrently or sequentially. `order` says which submission comes first. */
type Deed =
  | { kind: 'acknowledge' | 'retry' | 'change' }
  | { kind: 'deliver'; status: FinalStatus; at: number }
  | { kind: 'response'; status: 'pending' | FinalStatus }

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ kind: fc.constantFrom('acknowledge' as const, 'retry', 'change') }),
  fc.record({
    kind: fc.constant('deliver' as const),
    status: fc.constantFrom<FinalStatus>('success', 'failed'),
    at: fc.integer({ min: 2_000, max: 2_009 }),
  }),
  fc.record({
    kind: fc.constant('response' as const),
    status: fc.constantFrom<'pending' | FinalStatus>('pending', 'success', 'failed'),
  }),
)

type Call = () => Promise<unknown>

/** The calls of one deed, which are made together. */
function callsOf(
  store: Store,
  { fileId, submissions }: Pair,
  deed: Deed,
  order: readonly number[],
  mark: string,
): Call[] {
  const inOrder = order.flatMap((index) => submissions[index] ?? [])
  const runIds = inOrder.flatMap(({ runs }) => runs.map(({ runId }) => runId))
  switch (deed.kind) {
    case 'acknowledge':
      return [() => store.acknowledgeRuns(runIds, anAuditEntry())]
    case 'retry':
      return [() => store.createRetry(`retry-${mark}`, runIds, anAuditEntry())]
    case 'change': {
      const event = { kind: 'asset', eventId: `event-${mark}`, type: 'file.updated', fileId } as const
      return [() => store.recordAccountDelivery(newAccountDelivery(event, 5_000))]
    }
    case 'deliver':
      return inOrder.map(({ submissionId }) => () => {
        const reported = { service: 'remove-bg', status: deed.status, fileId }
        return store.recordDelivery(newDelivery(submissionId, reported, { receivedAt: deed.at }))
      })
    case 'response':
      return inOrder.map(({ submissionId }) => () => {
        const response = accepted({ 'ai-tasks': deed.status }, { fileId })
        return store.applyResponse(submissionId, response, 3_000)
      })
  }
}

/** The result of a call without ids, because those of another pair differ. */
function resultOf(result: unknown): unknown {
  if (typeof result !== 'object' || result === null) return result
  if (Array.isArray(result)) return result.map(({ run }) => [run.name, run.status])
  return 'outcome' in result ? result.outcome : 'result' in result ? result.result : 'something else'
}

export async function describePair(store: Store, { fileId, submissions }: Pair) {
  const found = await Promise.all(submissions.map(({ submissionId }) => store.findSubmission(submissionId)))
  const runs = found.flatMap((one) => one?.runs ?? [])
  const { deliveries } = await store.listDeliveries(
    { ...EVERY_DELIVERY, fileId },
    { limit: 1_000, before: null },
  )
  const due = (await store.listDue(5_000, 10_000)).map(({ run }) => run.runId)
  return {
    submissions: found.map((one) => [one?.submission.state, one?.submission.updatedAt]),
    runs: runs.map((run) => ({ ...run, runId: '', submissionId: '', isDue: due.includes(run.runId) })),
    outcomes: deliveries.map(({ outcome }) => outcome).toSorted(),
    current: (await store.findAsset(fileId))?.runs.map(({ runId }) =>
      runs.findIndex((run) => run.runId === runId),
    ),
  }
}

export function describeOppositeOrder(
  current: () => StoreFixture,
  { openInOrder, share }: { openInOrder: () => Promise<StoreFixture>; share: number },
): void {
  describe('steps that name the same rows in opposite order', () => {
    test('have the same results as sequential steps, in one batch and in two', async () => {
      const { store, destroy } = await openInOrder()
      onTestFinished(destroy)
      let pairs = 0
      const deeds = fc.array(fc.record({ deed, isSwapped: fc.boolean(), isLater: fc.boolean() }), {
        minLength: 2,
        maxLength: 8,
      })
      await fc.assert(
        fc.asyncProperty(deeds, async (asked) => {
          const play = async (isTogether: boolean) => {
            pairs += 1
            const pair = await submitPair(store, `file-${pairs}`)
            const results: Promise<unknown>[] = []
            for (const [index, { deed: one, isSwapped, isLater }] of asked.entries()) {
              if (isLater && isTogether) await nextTurn()
              const order = isSwapped ? [1, 0] : [0, 1]
              for (const call of callsOf(store, pair, one, order, `${pairs}-${index}`)) {
                results.push(call())
                if (!isTogether) await results.at(-1)
              }
            }
            return {
              results: (await Promise.all(results)).map(resultOf),
              left: await describePair(store, pair),
            }
          }
          expect(await play(true)).toEqual(await play(false))
        }),
        { numRuns: Math.ceil(60 * share) },
      )
    })

    test('return their rows in the requested order', async () => {
      const { store } = current()
      const { submissions } = await submitPair(store, 'file-1')
      const runIds = submissions.flatMap(({ runs }) => runs.map(({ runId }) => runId))
      await sweep(store)
      for (const runId of runIds) await applyFinding(store, runId, { kind: 'timed_out' }, 4_000)
      const asked = [runIds, runIds.toReversed(), runIds]
      const given = await Promise.all(asked.map((ids) => store.acknowledgeRuns(ids, anAuditEntry())))
      expect(given.map((listed) => listed.map(({ run }) => run.runId))).toEqual(asked)
      await Promise.all(
        asked.slice(0, 2).map((ids, index) => store.createRetry(`retry-${index}`, ids, anAuditEntry())),
      )
      const items: (string | undefined)[] = []
      for (let item = await store.nextRetryItem(); item; item = await store.nextRetryItem()) {
        items.push(item.runId)
        await store.endRetryItem(item.itemId, 'failed', null)
      }
      expect(items).toEqual([...runIds, ...runIds.toReversed()])
    })
  })
}
