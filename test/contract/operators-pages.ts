import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVERY_RUN, type RunFilter } from '../../src/domain/run-filter.ts'
import type { Store } from '../../src/store/store.ts'
import { accepted, anAuditEntry, newSubmission, unaccepted } from './builders.ts'
import { applyFinding, deliverResult, listEveryRun, submitWithRuns, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

const NAMES = ['remove-bg', 'ai-tasks']

/** A change between two pages; `index` selects the submission. */
type Change =
  | { kind: 'insert'; at: number }
  | { kind: 'settle'; index: number; status: 'success' | 'failed' }
  | { kind: 'reject' | 'acknowledge' | 'expire' | 'rename'; index: number }

const index = fc.nat(40)
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), at: fc.integer({ min: 0, max: 5_000 }) }),
  fc.record({
    kind: fc.constant('settle' as const),
    index,
    status: fc.constantFrom('success' as const, 'failed' as const),
  }),
  fc.record({ kind: fc.constantFrom('reject' as const, 'acknowledge', 'expire', 'rename'), index }),
)

/** Filters that a run still matches after any of these changes, unless its submission is rejected. */
const filter = fc.constantFrom(
  {},
  { extension: 'remove-bg' },
  { since: 1_000, until: 4_000 },
  { q: 'cat' },
  { q: 'cat', extension: 'ai-tasks' },
)

type SubmissionWithRuns = Awaited<ReturnType<typeof submitWithRuns>>

async function perform(
  store: Store,
  submissions: readonly SubmissionWithRuns[],
  change: Change,
): Promise<void> {
  if (change.kind === 'insert') {
    await submitWithRuns(store, NAMES, { at: change.at, fileName: 'cat.png' })
    return
  }
  const submission = submissions[change.index % submissions.length]
  if (submission === undefined) return
  const { submissionId, runs } = submission
  const [first, second] = runs
  switch (change.kind) {
    case 'settle':
      await deliverResult(store, submissionId, 'remove-bg', change.status, { code: `E${change.index % 5}` })
      return
    case 'acknowledge':
      await store.acknowledgeRuns([first?.runId ?? ''], anAuditEntry())
      return
    case 'expire':
      await sweep(store)
      await applyFinding(store, second?.runId ?? '', { kind: 'timed_out' }, 3_000)
      return
    case 'rename':
      await store.applyResponse(submissionId, accepted({}, { fileName: 'cat_x1.png' }), 3_000)
      return
    case 'reject':
      await store.applyResponse(submissionId, unaccepted('rejected'), 3_000)
  }
}

export function describeOperatorsPages(current: () => StoreFixture, share: number): void {
  describe('pages of runs', () => {
    test('contain each run that matched at the start once, and no later ones, despite changes in between; only runs of submissions rejected meanwhile may be missing', async () => {
      const changes = fc.array(fc.array(change, { maxLength: 6 }), { minLength: 1, maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(filter, changes, async (chosenFilter, stages) => {
          const { store } = current()
          const submissions: SubmissionWithRuns[] = []
          for (let count = 0; count < 8; count += 1)
            submissions.push(
              await submitWithRuns(store, NAMES, { at: (count * 1_700) % 5_000, fileName: `cat${count}` }),
            )
          const atStart = (await listEveryRun(store, chosenFilter)).map(({ run }) => run.runId)
          const limit = Math.max(1, Math.ceil(atStart.length / (stages.length + 1)))
          const rejected = new Set<string>()
          const remaining = [...stages]
          const between = async () => {
            for (const next of remaining.shift() ?? []) {
              await perform(store, submissions, next)
              if (next.kind !== 'reject') continue
              for (const { runId } of submissions[next.index % submissions.length]?.runs ?? [])
                rejected.add(runId)
            }
          }
          const pages = await listEveryRun(store, chosenFilter, { limit, between })
          const found = pages.map(({ run }) => run.runId)

          expect(new Set(found).size).toBe(found.length)
          // A run whose submission was rejected meanwhile may be missing or listed. All others are listed in order.
          expect(found.filter((runId) => !rejected.has(runId))).toEqual(
            atStart.filter((runId) => !rejected.has(runId)),
          )
        }),
        { numRuns: Math.ceil(20 * share) },
      )
    })

    test('reach runs behind a very large number of others', async () => {
      const { store } = current()
      const submitMany = (names: string[], times: number) =>
        Promise.all(Array.from({ length: times }, () => store.createSubmission(newSubmission(names))))
      const first = await submitWithRuns(store, ['rare', 'remove-bg'], { fileName: 'first.png', at: 1_000 })
      await deliverResult(store, first.submissionId, 'rare', 'failed', { code: 'E1' })
      await submitMany(
        Array.from({ length: 100 }, (_, index) => `extension-${index}`),
        220,
      )
      const middle = await submitWithRuns(store, ['rare'], { fileName: 'middle.png', at: 1_000 })
      await submitMany(
        Array.from({ length: 100 }, (_, index) => `extension-${index}`),
        200,
      )
      const names = async (filter: Partial<RunFilter>, limit: number) =>
        (await listEveryRun(store, filter, { limit })).map(({ fileName }) => fileName)
      for (const limit of [1, 2, 50]) {
        expect(await names({ extension: 'rare' }, limit)).toEqual(['middle.png', 'first.png'])
        expect(await names({ cause: 'E1' }, limit)).toEqual(['first.png'])
        expect(await names({ q: 'middle' }, limit)).toEqual(['middle.png'])
        expect(await names({ q: middle.runId }, limit)).toEqual(['middle.png'])
        expect(await names({ extension: 'remove-bg', status: 'pending' }, limit)).toEqual(['first.png'])
        expect(await names({ status: 'success' }, limit)).toEqual([])
      }
      const whole = await listEveryRun(store, {}, { limit: 9_000 })
      expect(new Set(whole.map(({ run }) => run.runId)).size).toBe(42_003)
      expect(whole.slice(-2).map(({ run }) => run.name)).toEqual(['remove-bg', 'rare'])
    })

    test('end with a `next` of null, even if the last page is full', async () => {
      const { store } = current()
      for (let count = 0; count < 4; count += 1) await submitWithRuns(store, ['remove-bg'])
      const first = await store.listRuns(EVERY_RUN, { limit: 2, before: null })
      expect(first.runs).toHaveLength(2)
      expect(first.next).not.toBeNull()
      const second = await store.listRuns(EVERY_RUN, { limit: 2, before: first.next })
      expect([second.runs.length, second.next]).toEqual([2, null])
    })
  })
}
