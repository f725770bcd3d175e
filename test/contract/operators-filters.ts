import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numberOf } from '../../src/domain/ids.ts'
import type { RunStatus } from '../../src/domain/run.ts'
import type { RunFilter } from '../../src/domain/run-filter.ts'
import type { Store } from '../../src/store/store.ts'
import { anAuditEntry, newAccountDelivery, unaccepted } from './builders.ts'
import { deliverResult, findRun, fold, listEveryRun, submit, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

const EXTENSIONS = ['remove-bg', 'ai-tasks', 'google-auto-tagging']
const STATUSES = ['success', 'failed', 'pending', 'expired'] as const satisfies RunStatus[]
const CAUSES = ['too_large', 'unknown_foreground', 'timeout']
const FILE_NAMES = ['cat.png', 'Cat_2.png', 'dog.jpg', 'CAT.gif', 'ünder.png']

/** A run as the test created it. */
type ExpectedRun = {
  runId: string
  submissionId: string
  fileId: string
  fileName: string
  extension: string
  status: RunStatus
  cause: string
  acknowledged: boolean
  contradicted: boolean
  requestedAt: number
  /** Its submission is rejected. */
  isRejected: boolean
}

/** A clock that advances, and sometimes jumps ahead or back by an hour or two. */
function clockAt(index: number): number {
  return 100_000_000 + index * 1_000 + (index % 400 < 40 ? 7_200_000 : 0) - (index % 700 < 50 ? 3_600_000 : 0)
}

async function makeRuns(store: Store, from: number, until: number): Promise<ExpectedRun[]> {
  const made = Array.from({ length: until - from }, (_, offset): ExpectedRun & { index: number } => {
    const index = from + offset
    const status = STATUSES[Math.floor(index / 3) % 4] ?? 'pending'
    return {
      index,
      runId: '',
      submissionId: '',
      fileId: `file-${index % 97}`,
      fileName: FILE_NAMES[index % 5] ?? '',
      extension: EXTENSIONS[index % 3] ?? '',
      status,
      cause: status === 'failed' ? (CAUSES[Math.floor(index / 12) % 3] ?? '') : '',
      acknowledged: index % 7 === 0 && status !== 'pending',
      contradicted: index % 11 === 0 && (status === 'success' || status === 'failed'),
      requestedAt: clockAt(index),
      isRejected: index % 50 === 49,
    }
  })
  await Promise.all(
    made.map(async (one) => {
      const { fileId, fileName, requestedAt: at } = one
      one.submissionId = await submit(store, [one.extension], { fileId, fileName, at })
    }),
  )
  // In groups, because reads that wait too long for a connection are rejected with `store_unavailable`.
  for (let first = 0; first < made.length; first += 100)
    await Promise.all(made.slice(first, first + 100).map((one) => bringToExpected(store, one)))
  return made.toSorted((one, other) => numberOf(one.runId) - numberOf(other.runId))
}

/**
 * Sets the id of a new run, and brings the run to its expected state. If its submission is rejected, expects the run to stay
 * pending instead.
 */
async function bringToExpected(store: Store, one: ExpectedRun): Promise<void> {
  const { submissionId, extension, status, cause } = one
  one.runId = (await store.findSubmission(submissionId))?.runs[0]?.runId ?? ''
  const at = one.requestedAt + 500
  if (one.isRejected) {
    one.status = 'pending'
    one.cause = ''
    one.acknowledged = false
    one.contradicted = false
    await store.applyResponse(submissionId, unaccepted('rejected'), at)
    return
  }
  if (status === 'success') await deliverResult(store, submissionId, extension, 'success', { at })
  if (status === 'failed') await deliverResult(store, submissionId, extension, 'failed', { code: cause, at })
  if (status === 'expired') {
    // Only a due run can expire. No sweep has reached this run yet, so an event about its file makes it due.
    // `asset_gone` counts without a claim, hence the 0.
    const event = { kind: 'asset', eventId: null, type: 'file.updated', fileId: one.fileId } as const
    await store.recordAccountDelivery(newAccountDelivery(event, at))
    await store.applyFinding(one.runId, { kind: 'asset_gone' }, at, 0)
  }
  if (one.contradicted)
    await deliverResult(store, submissionId, extension, status === 'success' ? 'failed' : 'success', { at })
  if (one.acknowledged) await store.acknowledgeRuns([one.runId], anAuditEntry())
}

/** The filter, implemented a second time. */
function isMatch(one: ExpectedRun, filter: RunFilter): boolean {
  const { q } = filter
  const isExact = q === one.runId || q === one.submissionId || q === one.fileId
  const isNamed = q !== null && one.fileName.toLowerCase().indexOf(q.toLowerCase()) === 0
  // Runs of rejected submissions match by exact id only.
  if (one.isRejected ? !isExact : q !== null && !isExact && !isNamed) return false
  if (filter.since !== null && one.requestedAt < filter.since) return false
  if (filter.until !== null && one.requestedAt >= filter.until) return false
  const { status, extension, cause, acknowledged, contradicted } = one
  const isExcepted = filter.exceptCauses?.some(([name, other]) => name === extension && other === cause)
  if (filter.exceptCauses !== null && (status !== 'failed' || isExcepted)) return false
  const values = Object.entries({ status, extension, cause, acknowledged, contradicted })
  const filterValues = new Map(Object.entries(filter))
  return values.every(([name, value]) => filterValues.get(name) === null || filterValues.get(name) === value)
}

function filtersOf(made: readonly ExpectedRun[]): fc.Arbitrary<RunFilter> {
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
  const one = fc.constantFrom(...made)
  const time = fc.oneof(
    one.map(({ requestedAt }) => requestedAt),
    one.map(({ requestedAt }) => requestedAt + 1),
    fc.integer({ min: 0, max: 200_000_000 }),
  )
  return fc.record({
    status: maybe(fc.constantFrom<RunStatus>(...STATUSES)),
    extension: maybe(fc.constantFrom(...EXTENSIONS, 'no-such')),
    cause: maybe(fc.constantFrom(...CAUSES)),
    exceptCauses: maybe(
      fc.subarray(EXTENSIONS.flatMap((extension) => CAUSES.map((cause) => [extension, cause] as const))),
    ),
    acknowledged: maybe(fc.boolean()),
    contradicted: maybe(fc.constant(true as const)),
    since: maybe(time),
    until: maybe(time),
    q: maybe(
      fc.oneof(
        one.map(({ runId }) => runId),
        one.map(({ submissionId }) => submissionId),
        one.map(({ fileId }) => fileId),
        fc.constantFrom('cat', 'CAT.', 'dog.jpg', 'ü', 'c', 'at', ''),
      ),
    ),
  })
}

export function describeOperatorsFilters(current: () => StoreFixture, share: number): void {
  describe('a list of runs', () => {
    test('contains exactly the runs that match its filter, newest first, whatever the clock did', {
      timeout: 60_000,
    }, async () => {
      const { store } = current()
      // The counter deltas of the first runs are folded, and some of these runs are swept. Neither is done for the later runs yet.
      const early = await makeRuns(store, 0, 1_400)
      await sweep(store, { now: clockAt(900) })
      await fold(store)
      const made = [...early, ...(await makeRuns(store, 1_400, 2_600))]
      expect(made.filter(({ runId }) => runId === '')).toEqual([])
      const checkFilters = (cases: number) =>
        fc.assert(
          fc.asyncProperty(filtersOf(made), fc.integer({ min: 40, max: 900 }), async (filter, limit) => {
            const found = await listEveryRun(store, filter, { limit })
            const expected = made.filter((one) => isMatch(one, filter)).map(({ runId }) => runId)
            expect(found.map(({ run }) => run.runId)).toEqual(expected.toReversed())
          }),
          { numRuns: Math.ceil(cases * share) },
        )
      await checkFilters(60)
      const timed = made.filter(({ requestedAt, isRejected }) => {
        return !isRejected && requestedAt >= clockAt(300) && requestedAt < clockAt(340)
      })
      const window = { since: clockAt(300), until: clockAt(340) }
      expect(timed.length).toBeGreaterThan(30)
      expect(await listEveryRun(store, window)).toHaveLength(timed.length)
      await fold(store)
      await sweep(store, { now: 2 * clockAt(0) })
      await checkFilters(40)
    })

    test('shows each run with its file, its file name and the kind of its submission', async () => {
      const { store } = current()
      const facts = { kind: 'update', fileId: 'file-1', fileName: 'a.png' } as const
      const found = await store.findSubmission(await submit(store, ['remove-bg'], facts))
      expect(await listEveryRun(store)).toEqual([
        { run: found?.runs[0], fileId: 'file-1', fileName: 'a.png', kind: 'update' },
      ])
    })

    test('contains the runs of a rejected submission again once a webhook shows that ImageKit accepted it', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg', 'ai-tasks'], { fileId: 'file-1' })
      await store.applyResponse(submissionId, unaccepted('rejected'), 2_000)
      expect(await listEveryRun(store)).toEqual([])
      expect((await store.readStats(0, 0)).groups).toEqual([])
      const exact = await listEveryRun(store, { q: submissionId })
      expect(exact.map(({ run }) => run.name)).toEqual(['ai-tasks', 'remove-bg'])

      await deliverResult(store, submissionId, 'ai-tasks', 'failed', { code: 'E1' })
      const listed = (await listEveryRun(store)).map(({ run }) => [run.name, run.status])
      expect(listed).toEqual([
        ['ai-tasks', 'failed'],
        ['remove-bg', 'pending'],
      ])
      expect((await findRun(store, exact[0]?.run.runId ?? ''))?.status).toBe('failed')
    })
  })
}
