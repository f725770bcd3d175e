import { describe, expect, test } from 'vitest'
import { type IdKind, parseId } from '../../src/domain/ids.ts'
import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import { EVERY_RUN } from '../../src/domain/run-filter.ts'
import type { Store } from '../../src/store/store.ts'
import {
  AN_ATTEMPT,
  accepted,
  anAuditEntry,
  newAccountDelivery,
  newDelivery,
  newKeyClaim,
  newRejected,
  newSubmission,
  unaccepted,
} from './builders.ts'
import {
  applyFinding,
  countsOf,
  deliverResult,
  listEveryRun,
  submit,
  submitWithRuns,
  sweep,
} from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

const SCOPE = 'default POST /api/v1/files/upload key-1'
const PAGE = { limit: 100, before: null }
const FAR_FUTURE = 1_000_000

/** How two stores on the same data interact. Both count as the same process: for example, both can have the lease. */
export function describeSharedDatabase(current: () => StoreFixture): void {
  const openBoth = async (): Promise<[Store, Store]> => [current().store, await current().openAnother()]
  /** Each handle in turn makes one call; all calls are made at the same time. */
  const fromBoth = <T>(
    handles: readonly Store[],
    times: number,
    call: (store: Store, index: number) => Promise<T>,
  ) =>
    Promise.all(
      Array.from({ length: times }, (_, index) => {
        const store = handles[index % handles.length]
        if (store === undefined) throw new Error('no handles')
        return call(store, index)
      }),
    )
  const expectSame = async (handles: readonly Store[], read: (store: Store) => Promise<unknown>) => {
    const [first, ...others] = await Promise.all(handles.map(read))
    for (const other of others) expect(other).toEqual(first)
  }
  const numbersOf = (kind: IdKind, ids: readonly (string | null)[]) =>
    ids.map((id) => parseId(kind, id ?? '')?.number)
  const expectDistinct = (kind: IdKind, ids: readonly (string | null)[]) => {
    const numbers = numbersOf(kind, ids)
    expect(numbers).not.toContain(undefined)
    expect(new Set(numbers).size).toBe(ids.length)
    expect(new Set(ids).size).toBe(ids.length)
  }

  describe('two stores on the same data', () => {
    test('read what the other has committed, without delay: statuses, lists and counts', async () => {
      const [one, two] = await openBoth()
      // Each has read and written before, so that any stale cache would be noticed.
      await fromBoth([one, two], 4, (store, index) =>
        submitWithRuns(store, ['remove-bg'], { fileId: `before-${index}` }),
      )
      const read = async (store: Store, fileId: string) => ({
        asset: await store.findAsset(fileId),
        submissions: await store.listAssetSubmissions(fileId, PAGE),
        runs: await store.listRuns({ ...EVERY_RUN, q: fileId }, PAGE),
        failed: await store.listRuns({ ...EVERY_RUN, status: 'failed' }, PAGE),
        deliveries: await store.listDeliveries(EVERY_DELIVERY, PAGE),
        due: await store.listDue(FAR_FUTURE, 100),
        counts: await countsOf(store),
        auditEntries: await store.listAuditEntries(PAGE),
        alerts: await store.listAlerts(),
        rejected: new Set(await store.countRejected(0)),
        failures: new Set(await store.countFailures(0, 100)),
        notifications: await store.listDueNotifications(FAR_FUTURE, { perHost: 100, after: null }),
        pending: await store.findOldestPending(),
        sessions: await store.listEndedSessions(),
        clock: await store.findClockTrust(),
        claimedAt: await store.findNewestKeyClaimAt(),
      })
      let writer = one
      let reader = two
      for (let round = 0; round < 4; round += 1) {
        const fileId = `file-${round}`
        const facts = { fileId, callerWebhookUrl: 'https://caller.example/hook' }
        const steps = [
          async () => void (await submitWithRuns(writer, ['remove-bg', 'ai-tasks'], facts)),
          async () => {
            const { submissions } = await reader.listAssetSubmissions(fileId, PAGE)
            const { submissionId = '' } = submissions[0]?.submission ?? {}
            await deliverResult(writer, submissionId, 'remove-bg', 'failed', { code: `E${round}` })
          },
          async () => {
            const { runs } = await reader.listRuns({ ...EVERY_RUN, q: fileId, status: 'failed' }, PAGE)
            await writer.acknowledgeRuns([runs[0]?.run.runId ?? ''], anAuditEntry({ reason: fileId }))
          },
          async () => void (await writer.keepRejected([newRejected({ fileId })])),
          async () => void (await writer.claimIdempotencyKey(newKeyClaim(fileId), 10_000 + round)),
          async () => withLease(writer).saveClockTrust({ trustedAt: 9_000 + round, doubtedMs: round }),
          async () => writer.endSession({ sessionId: fileId, endsAt: FAR_FUTURE }, 1_000),
          async () => sweep(writer),
          async () => {
            const pending = await reader.findOldestPending()
            await applyFinding(writer, pending?.runId ?? '', { kind: 'timed_out' }, 6_000)
          },
        ]
        for (const step of steps) {
          const before = await read(reader, fileId)
          await step()
          const after = await read(reader, fileId)
          expect(after).not.toEqual(before)
          expect(after).toEqual(await read(writer, fileId))
        }
        ;[writer, reader] = [reader, writer]
      }
    })

    test('assign different ids, whatever both write at the same time', async () => {
      const handles = await openBoth()
      const submissionIds = await fromBoth(handles, 40, (store) => submit(store, ['remove-bg', 'ai-tasks']))
      expectDistinct('sub', submissionIds)
      const [first = ''] = submissionIds
      const deliveryIds = await fromBoth(handles, 60, async (store, index) => {
        if (index % 3 === 0) return (await store.keepRejected([newRejected()]))[0] ?? null
        if (index % 3 === 1)
          return (await store.recordDelivery(newDelivery(first, { service: null }))).deliveryId
        const event = newAccountDelivery({ kind: 'other', eventId: null, type: null })
        return (await store.recordAccountDelivery(event)).deliveryId
      })
      expectDistinct('dlv', deliveryIds)
      for (const store of handles) {
        const runs = await Promise.all(
          submissionIds.map(async (id) => (await store.findSubmission(id))?.runs),
        )
        expectDistinct(
          'run',
          runs.flatMap((found) => found?.map(({ runId }) => runId) ?? [null]),
        )
        const found = await Promise.all(deliveryIds.map((id) => store.findDelivery(id ?? '')))
        expect(found.map((delivery) => delivery?.deliveryId)).toEqual(deliveryIds)
        const listed = await store.listDeliveries(EVERY_DELIVERY, PAGE)
        const numbers = numbersOf(
          'dlv',
          listed.deliveries.map(({ deliveryId }) => deliveryId),
        )
        expect(numbers).toHaveLength(60)
        expect(numbers).toEqual(numbers.toSorted((earlier, later) => (later ?? 0) - (earlier ?? 0)))
      }
    })

    test('assign increasing ids if they write one after the other', async () => {
      const handles = await openBoth()
      const ids: string[] = []
      for (let count = 0; count < 10; count += 1)
        ids.push(
          ...(await fromBoth([handles[count % 2] ?? handles[0]], 1, (store) => submit(store, ['remove-bg']))),
        )
      const numbers = numbersOf('sub', ids)
      expect(numbers).toEqual(numbers.toSorted((earlier, later) => (earlier ?? 0) - (later ?? 0)))
      expectDistinct('sub', ids)
    })

    test('settle a run once if both receive its webhook at the same time', async () => {
      const handles = await openBoth()
      const callerWebhookUrl = 'https://caller.example/hook'
      for (let round = 0; round < 5; round += 1) {
        const { submissionId, runId } = await submitWithRuns(handles[0], ['remove-bg'], { callerWebhookUrl })
        const result = { service: 'remove-bg', status: 'success' } as const
        const recorded = await fromBoth(handles, 20, (store) =>
          store.recordDelivery(newDelivery(submissionId, result)),
        )
        const outcomes = recorded.map(({ outcome }) => outcome)
        expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1)
        expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(19)
        expect(new Set(recorded.map((one) => one.runId))).toEqual(new Set([runId]))
        for (const store of handles) {
          const { due } = await store.listDueNotifications(FAR_FUTURE, { perHost: 100, after: null })
          expect(due.map(({ notificationId }) => notificationId)).toEqual([`msg_${runId}`])
        }
        await handles[1].recordNotificationResult(`msg_${runId}`, { kind: 'delivered' }, 0, AN_ATTEMPT)
      }
      await expectSame(handles, countsOf)
    })

    test('contradict a run once if they receive opposite webhooks, and keep the first status', async () => {
      const handles = await openBoth()
      const submissionId = await submit(handles[0], ['remove-bg'])
      const recorded = await fromBoth(handles, 40, (store, index) => {
        const status = index % 2 === 0 ? 'success' : 'failed'
        return store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status }))
      })
      const count = (expected: string) => recorded.filter(({ outcome }) => outcome === expected).length
      expect([count('applied'), count('contradicted'), count('duplicate')]).toEqual([1, 1, 38])
      const applied = recorded.findIndex(({ outcome }) => outcome === 'applied')
      for (const store of handles)
        expect((await store.findSubmission(submissionId))?.runs).toMatchObject([
          { status: applied % 2 === 0 ? 'success' : 'failed', contradicted: true },
        ])
    })

    test('add one run for a name that was not requested, whichever of them receives it', async () => {
      const handles = await openBoth()
      const submissionId = await submit(handles[0], ['remove-bg'])
      await fromBoth(handles, 12, async (store, index) => {
        if (index % 3 === 0)
          await store.applyResponse(submissionId, accepted({ 'ai-tasks': 'pending' }), 3_000)
        else await store.recordDelivery(newDelivery(submissionId, { service: 'ai-tasks', status: 'success' }))
      })
      for (const store of handles)
        expect((await store.findSubmission(submissionId))?.runs).toMatchObject([
          { name: 'remove-bg', status: 'pending' },
          { name: 'ai-tasks', status: 'success' },
        ])
    })

    test('apply an account event once', async () => {
      const handles = await openBoth()
      await submit(handles[0], ['remove-bg'], { fileId: 'file-1' })
      const event = { kind: 'asset', eventId: 'event-1', type: 'file.updated', fileId: 'file-1' } as const
      const recorded = await fromBoth(handles, 20, (store) =>
        store.recordAccountDelivery(newAccountDelivery(event)),
      )
      const outcomes = recorded.map(({ outcome }) => outcome).toSorted()
      expect(outcomes).toEqual(['applied', ...Array.from({ length: 19 }, () => 'duplicate')])
    })

    test('replay a rejected delivery once', async () => {
      const handles = await openBoth()
      const submissionId = await submit(handles[0], ['remove-bg'])
      const [replayOf = ''] = await handles[1].keepRejected([newRejected()])
      const result = { service: 'remove-bg', status: 'success' } as const
      const settled = await Promise.allSettled(
        handles.map((store) => store.recordDelivery(newDelivery(submissionId, result, { replayOf }))),
      )
      expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      await expectSame(handles, (store) => store.findDelivery(replayOf))
      expect(await handles[0].findRejected(replayOf)).toBeUndefined()
    })

    test('add up the counts of both', async () => {
      const handles = await openBoth()
      const causes = ['E1', 'E2', 'E3']
      const submitted = await fromBoth(handles, 60, (store) =>
        submitWithRuns(store, ['remove-bg', 'ai-tasks']),
      )
      await fromBoth(handles, 60, (store, index) => {
        const { submissionId = '' } = submitted[index] ?? {}
        return deliverResult(store, submissionId, 'remove-bg', 'failed', { code: causes[index % 3] ?? '' })
      })
      // Runs are acknowledged by the handle that did not record their failure.
      await fromBoth(handles.toReversed(), 60, (store, index) => {
        const runId = submitted[index]?.runId ?? ''
        return index < 30 ? store.acknowledgeRuns([runId], anAuditEntry()) : Promise.resolve([])
      })
      const group = (
        extension: string,
        status: string,
        acknowledged: boolean,
        cause: string,
        count: number,
      ) => ({ extension, status, acknowledged, cause, count })
      const expected = [
        group('ai-tasks', 'pending', false, '', 60),
        ...causes.flatMap((cause) => [
          group('remove-bg', 'failed', false, cause, 10),
          group('remove-bg', 'failed', true, cause, 10),
        ]),
      ]
      for (const store of handles) {
        const { groups, counters } = await store.readStats(0, 10)
        expect(groups).toHaveLength(expected.length)
        expect(new Set(groups)).toEqual(new Set(expected))
        const sums = new Set(counters)
        expect(sums).toContainEqual([0, 'settled', 'remove-bg', 'failed', 60])
        for (const cause of causes) expect(sums).toContainEqual([0, 'failed', 'remove-bg', cause, 20])
        for (const cause of causes)
          expect(await listEveryRun(store, { cause, acknowledged: true })).toHaveLength(10)
      }
      const counted = await countsOf(handles[1])
      expect(await countsOf(await current().reopen())).toEqual(counted)
    })

    test('fold each delta once, and sweep each run once', async () => {
      const handles = await openBoth()
      const submissionIds = await fromBoth(handles, 40, (store) => submit(store, ['remove-bg', 'ai-tasks']))
      await fromBoth(handles, 120, async (store, index) => {
        if (index % 3 === 0) await withLease(store).foldCounters()
        else if (index % 3 === 1) await withLease(store).sweepOverdue(FAR_FUTURE, 0)
        else await deliverResult(store, submissionIds[Math.floor(index / 3)] ?? '', 'remove-bg', 'success')
      })
      const later = await submit(handles[0], ['remove-bg'])
      await Promise.all(handles.map((store) => sweep(store)))
      for (const store of handles) {
        const due = (await store.listDue(FAR_FUTURE, 100)).map(({ run }) => [run.submissionId, run.name])
        expect(due).toHaveLength(41)
        expect(new Set(due.map(String))).toEqual(
          new Set([...submissionIds.map((id) => `${id},ai-tasks`), `${later},remove-bg`]),
        )
        const { groups } = await store.readStats(0, 0)
        const counts = groups.map(({ extension, status, count }) => [extension, status, count])
        expect(new Set(counts.map(String))).toEqual(
          new Set(['ai-tasks,pending,40', 'remove-bg,pending,1', 'remove-bg,success,40']),
        )
      }
      await expectSame(handles, countsOf)
      await withLease(handles[1]).foldCounters()
      await expectSame(handles, countsOf)
    })

    test('count a cause in one group, even if both record it first at the same time', async () => {
      const handles = await openBoth()
      const submitted = await fromBoth(handles, 40, (store) => submitWithRuns(store, ['remove-bg']))
      await fromBoth(handles, 40, (store, index) =>
        deliverResult(store, submitted[index]?.submissionId ?? '', 'remove-bg', 'failed', {
          code: `E${(index % 20) >> 1}`,
        }),
      )
      for (const store of handles) {
        const { groups } = await store.readStats(0, 0)
        expect(groups).toHaveLength(10)
        for (const { cause, count } of groups) {
          expect(count).toBe(4)
          expect(await listEveryRun(store, { cause })).toHaveLength(4)
        }
      }
    })

    test('respect the claim of a key, its response and its release by the other', async () => {
      const [one, two] = await openBoth()
      const [ofOne, ofTwo] = [newKeyClaim(SCOPE), newKeyClaim(SCOPE)]
      expect(await one.claimIdempotencyKey(ofOne, 1_000)).toEqual({ kind: 'claimed' })
      expect(await two.claimIdempotencyKey(ofTwo, 1_000)).toEqual({ kind: 'running' })
      await one.releaseIdempotencyKey(ofOne)
      expect(await two.claimIdempotencyKey(ofTwo, 1_000)).toEqual({ kind: 'claimed' })
      expect(await one.claimIdempotencyKey(ofOne, 1_000)).toEqual({ kind: 'running' })
      const key = { ...ofTwo, fingerprint: 'abc' }
      const { submissionId } = await two.createSubmission(newSubmission(['remove-bg']), key)
      const response = { status: 200, headers: {}, body: '{}' }
      await one.applyResponse(submissionId, accepted({}), 2_000, { ...ofTwo, response })
      for (const store of [one, two])
        expect(await store.claimIdempotencyKey(newKeyClaim(SCOPE), 3_000)).toEqual({
          kind: 'responded',
          fingerprint: 'abc',
          response,
        })
    })

    test('give a key to one of many simultaneous claims on both', async () => {
      const handles = await openBoth()
      const claims = await fromBoth(handles, 50, (store) =>
        store.claimIdempotencyKey(newKeyClaim(SCOPE), 1_000),
      )
      expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1)
      expect(claims.filter(({ kind }) => kind === 'running')).toHaveLength(49)
    })

    test('retry a run once if both retry it', async () => {
      const handles = await openBoth()
      const { submissionId, runId } = await submitWithRuns(handles[0], ['remove-bg'], { fileId: 'file-1' })
      await deliverResult(handles[1], submissionId, 'remove-bg', 'failed')
      const again = newSubmission(['remove-bg'], { fileId: 'file-1', kind: 'update', attempt: 2 })
      const results = await fromBoth(handles, 6, (store) =>
        store.submitRetry(runId, again, { entry: anAuditEntry() }),
      )
      expect(results.filter((one) => 'submissionId' in one)).toHaveLength(1)
      expect(results.filter((one) => 'rejection' in one && one.rejection === 'not_current')).toHaveLength(5)
      await expectSame(handles, (store) => store.listAuditEntries(PAGE))
      expect((await handles[0].listAuditEntries(PAGE)).auditEntries).toHaveLength(1)
    })

    test('store each audit entry and each retry item, whichever of them writes it', async () => {
      const handles = await openBoth()
      const submitted = await fromBoth(handles, 6, (store) => submitWithRuns(store, ['remove-bg']))
      const runIds = submitted.map(({ runId }) => runId)
      await fromBoth(handles, 10, (store, index) =>
        store.createRetry(`retry-${index}`, runIds, anAuditEntry({ reason: `${index}` })),
      )
      for (const store of handles) {
        const { auditEntries } = await store.listAuditEntries(PAGE)
        expect(auditEntries.map(({ reason }) => Number(reason)).toSorted((a, b) => a - b)).toEqual([
          ...Array(10).keys(),
        ])
        for (let index = 0; index < 10; index += 1)
          expect(await store.findRetry(`retry-${index}`)).toMatchObject({ total: 6, done: 0 })
      }
      const items = await fromBoth(handles, 2, (store) => store.nextRetryItem())
      expect(items[0]).toEqual(items[1])
    })

    test('store no content of an asset that the other has forgotten', async () => {
      const [one, two] = await openBoth()
      const { submissionId, runId } = await submitWithRuns(one, ['remove-bg'], { fileId: 'file-1' })
      await deliverResult(two, submissionId, 'remove-bg', 'failed', { code: 'only here' })
      expect(await one.forgetAsset('file-1', anAuditEntry({ kind: 'forget' }))).toBe(true)
      expect(await two.findAsset('file-1')).toBeUndefined()
      expect(await two.findRunHistory(runId)).toBeUndefined()
      const late = newDelivery(submissionId, { service: 'remove-bg', status: 'success', fileId: 'file-1' })
      expect(await two.recordDelivery(late)).toMatchObject({ outcome: 'ignored', cause: 'forgotten' })
      for (const store of [one, two])
        expect(await store.readStats(0, 10)).toEqual({ groups: [], counters: [], byHour: [] })
    })

    test('count sign-in attempts together, even concurrent ones', async () => {
      const handles = await openBoth()
      const allowed = await fromBoth(handles, 30, (store, index) =>
        store.beginSignIn(['here', `key-${index}`], 1_000),
      )
      expect(allowed.filter(Boolean)).toHaveLength(10)
      const [one, two] = handles
      await two.forgiveSignIn(['here', 'key-0'], 1_000)
      expect(await one.beginSignIn(['here', 'key-a'], 1_000)).toBe(true)
      expect(await two.beginSignIn(['here', 'key-b'], 1_000)).toBe(false)
    })

    test('agree on a submission that one rejects and that a webhook on the other shows to be accepted', async () => {
      const [one, two] = await openBoth()
      const { submissionId } = await submitWithRuns(one, ['remove-bg', 'ai-tasks'], { fileId: 'file-1' })
      await one.applyResponse(submissionId, unaccepted('rejected'), 2_000)
      expect(await two.listDue(FAR_FUTURE, 9)).toEqual([])
      await deliverResult(two, submissionId, 'remove-bg', 'success', { at: 3_000 })
      expect(await one.listDue(FAR_FUTURE, 9)).toMatchObject([{ run: { name: 'ai-tasks' } }])
      await expectSame([one, two], countsOf)
    })

    test('write the same rows in opposite order at the same time, and every write succeeds', async () => {
      const handles = await openBoth()
      for (let round = 0; round < 10; round += 1) {
        const fileId = `file-${round}`
        const pair = await submitPair(handles[round % 2] ?? handles[0], fileId)
        const [a, b] = pair.submissions
        const runIds = pair.submissions.flatMap(({ runs }) => runs.map((run) => run.runId))
        const orders = [
          { ids: runIds, submissions: [a, b] },
          { ids: runIds.toReversed(), submissions: [b, a] },
        ]
        const writePair = async (store: Store, index: number) => {
          const { ids = [], submissions = [] } = orders[index % 2] ?? {}
          const event = { kind: 'asset', eventId: null, type: 'file.updated', fileId } as const
          const results = await Promise.all([
            ...submissions.map((one) =>
              deliverResult(store, one?.submissionId ?? '', 'remove-bg', 'failed', { code: 'E1' }),
            ),
            store.recordAccountDelivery(newAccountDelivery(event, 5_000)),
            store.createRetry(`retry-${round}-${index}`, ids, anAuditEntry()),
            store.acknowledgeRuns(ids, anAuditEntry({ at: 7_000 })),
          ])
          return results[0]
        }
        const outcomes = await fromBoth(handles, 6, writePair)
        expect(outcomes.map((recorded) => recorded !== undefined)).toEqual(Array(6).fill(true))

        const run = { status: 'failed', error: { code: 'E1' }, acknowledgedAt: 7_000, isDue: false }
        const pending = { status: 'pending', acknowledgedAt: null, isDue: true }
        for (const store of handles) {
          const left = await describePair(store, pair)
          expect(left.runs).toMatchObject([run, pending, run, pending])
          expect(left.current).toEqual([2, 3])
          const count = (expected: string) => left.outcomes.filter((outcome) => outcome === expected).length
          // Two of twelve webhooks, and all six account events.
          expect([count('applied'), count('duplicate')]).toEqual([2 + 6, 10])
          for (let index = 0; index < 6; index += 1)
            expect(await store.findRetry(`retry-${round}-${index}`)).toMatchObject({ total: 4 })
        }
      }
      await expectSame(handles, countsOf)
    })
  })
}

const PAIR_NAMES = ['remove-bg', 'ai-tasks']

type Pair = { fileId: string; submissions: Awaited<ReturnType<typeof submitWithRuns>>[] }

/** Two submissions of one file. */
async function submitPair(store: Store, fileId: string): Promise<Pair> {
  const facts = { fileId }
  return {
    fileId,
    submissions: [
      await submitWithRuns(store, PAIR_NAMES, facts),
      await submitWithRuns(store, PAIR_NAMES, facts),
    ],
  }
}

/** The stored state of a pair, without ids. */
async function describePair(store: Store, { fileId, submissions }: Pair) {
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
