import { describe, expect, test } from 'vitest'
import type { Commit } from '../../src/domain/commit.ts'
import type { RetentionPlace } from '../../src/domain/retention.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
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
  countsOf,
  deliverResult,
  fold,
  listEveryDelivery,
  listEveryRun,
  recordNotificationResult,
  submitWithRuns,
} from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { type LeasedStore, withLease } from './with-lease.ts'

const BEFORE = 100_000
const NOW = 1_000_000
/** A date from a clock that was ahead. */
const FUTURE = NOW + 3_600_000
const TARGET = 'https://caller.example/hook'

/**
 * Deletes old submissions, and then old deliveries without a submission, in as many steps as necessary. Calls `between` between
 * two steps. Returns how many submissions each step deleted.
 */
export async function deleteOld(
  store: LeasedStore,
  { now = NOW, before = BEFORE, between }: { now?: number; before?: number; between?: () => unknown } = {},
): Promise<number[]> {
  const steps: number[] = []
  let after: RetentionPlace | null = null
  do {
    const step: { deleted: number; next: RetentionPlace | null } = await withLease(
      store,
    ).deleteOldSubmissions(now, before, after)
    steps.push(step.deleted)
    after = step.next
    if (after !== null) await between?.()
  } while (after !== null)
  return steps
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)

export function describeOldSubmissions(current: () => StoreFixture): void {
  const submit = (facts: Partial<NewSubmission> = {}, names = ['remove-bg']) =>
    submitWithRuns(current().store, names, facts)
  const submitSettled = async (facts: Partial<NewSubmission> = {}, names = ['remove-bg']) => {
    const submitted = await submit(facts, names)
    const { at } = facts
    for (const name of names)
      await deliverResult(
        current().store,
        submitted.submissionId,
        name,
        'success',
        at === undefined ? {} : { at },
      )
    return submitted
  }
  const isStored = async ({ submissionId }: { submissionId: string }) =>
    (await current().store.findSubmission(submissionId)) !== undefined

  /**
   * Creates a submission whose runs are settled, with rows in all tables that refer to submissions. Returns what a test needs to
   * find these rows, and the outcomes of the deliveries.
   */
  const submitWithAll = async (mark: string, at: number) => {
    const { store } = current()
    const claim = newKeyClaim(`key POST ${mark}`)
    const { scope } = claim
    const fileId = `file-${mark}`
    await store.claimIdempotencyKey(claim, at)
    const request = newSubmission(['remove-bg', 'ai-tasks'], { callerWebhookUrl: TARGET, at })
    const { submissionId } = await store.createSubmission(request, { ...claim, fingerprint: mark })
    const requestId = `request-${mark}`
    const response = { status: 200, headers: {}, body: '{}' }
    const key = { ...claim, response }
    await store.applyResponse(submissionId, accepted({}, { fileId: null, requestId }), at, key)
    const end = newAccountDelivery(
      {
        kind: 'upload_finished',
        eventId: `event-${mark}`,
        type: 'upload.pre-transform.success',
        requestId,
        response: accepted({ 'remove-bg': 'pending' }, { fileId, requestId }),
      },
      at,
    )
    const deliveries = [
      await store.recordAccountDelivery(end),
      await deliverResult(store, submissionId, 'remove-bg', 'failed', { code: 'E1', at }),
      await deliverResult(store, submissionId, 'remove-bg', 'failed', { code: 'E1', at }),
      await deliverResult(store, submissionId, 'remove-bg', 'success', { at }),
      await deliverResult(store, submissionId, 'never-asked', 'success', { at }),
      await deliverResult(store, submissionId, 'ai-tasks', 'success', { at }),
    ]
    const runs = (await store.findSubmission(submissionId))?.runs ?? []
    const runIds = runs.map(({ runId }) => runId)
    for (const runId of runIds)
      await store.recordNotificationResult(`msg_${runId}`, { kind: 'delivered' }, 0, AN_ATTEMPT)
    await store.createRetry(`retry-${mark}`, runIds.slice(0, 1), anAuditEntry({ reason: mark }))
    const [rejectedId = ''] = await store.keepRejected([newRejected({ token: `${submissionId}.mac` })])
    return {
      scope,
      fileId,
      submissionId,
      runIds,
      rejectedId,
      deliveryIds: deliveries.map(({ deliveryId }) => deliveryId ?? ''),
      outcomes: deliveries.map(({ outcome }) => outcome),
    }
  }
  const readAllOf = async (of: Awaited<ReturnType<typeof submitWithAll>>) => {
    const { store } = current()
    const readEach = <T>(ids: readonly string[], read: (id: string) => Promise<T>) =>
      Promise.all(ids.map(read))
    const page = { limit: 9, before: null }
    return {
      submission: await store.findSubmission(of.submissionId),
      histories: await readEach(of.runIds, (id) => store.findRunHistory(id)),
      deliveries: await readEach(of.deliveryIds, (id) => store.findDelivery(id)),
      rejected: await store.findRejected(of.rejectedId),
      asset: await store.findAsset(of.fileId),
      assetSubmissions: await store.listAssetSubmissions(of.fileId, page),
      runs: await readEach([of.submissionId, ...of.runIds], (q) => listEveryRun(store, { q })),
      deliveriesOfFile: await listEveryDelivery(store, { fileId: of.fileId }),
    }
  }
  /** What `readAllOf` returns once all these rows are deleted. */
  const NOTHING = {
    submission: undefined,
    histories: [undefined, undefined],
    deliveries: Array.from({ length: 6 }, () => undefined),
    rejected: undefined,
    asset: undefined,
    assetSubmissions: { submissions: [], next: null },
    runs: [[], [], []],
    deliveriesOfFile: [],
  }

  describe('deleting old submissions', () => {
    test('deletes everything that belongs to older submissions, except audit entries, and nothing of others', async () => {
      const { store } = current()
      const old = await submitWithAll('old', BEFORE - 1)
      const young = await submitWithAll('young', BEFORE)
      const outcomes = ['applied', 'applied', 'duplicate', 'contradicted', 'ignored', 'applied']
      expect([old.outcomes, young.outcomes]).toEqual([outcomes, outcomes])
      const ofYoung = await readAllOf(young)
      const { auditEntries } = await store.listAuditEntries({ limit: 9, before: null })

      expect(sum(await deleteOld(store))).toBe(1)
      expect(await readAllOf(old)).toEqual(NOTHING)
      expect(await readAllOf(young)).toEqual(ofYoung)
      expect((await listEveryRun(store)).map(({ run }) => run.runId).toSorted()).toEqual(
        young.runIds.toSorted(),
      )
      // Six recorded deliveries and a rejected one, all of `young`.
      expect(await listEveryDelivery(store)).toHaveLength(7)
      expect(await store.findRetry('retry-old')).toBeUndefined()
      expect(await store.nextRetryItem()).toMatchObject({ runId: young.runIds[0] })
      expect(await store.claimIdempotencyKey(newKeyClaim(young.scope), BEFORE)).toMatchObject({
        kind: 'responded',
      })
      expect(await store.claimIdempotencyKey(newKeyClaim(old.scope), BEFORE)).toEqual({ kind: 'claimed' })
      expect((await store.listAuditEntries({ limit: 9, before: null })).auditEntries).toEqual(auditEntries)
    })

    test('treats later webhooks and responses for a deleted submission like those for an unknown one', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitSettled({ fileId: 'file-1' })
      await deleteOld(store)
      const late = newDelivery(submissionId, { service: 'remove-bg', status: 'failed', fileId: 'file-1' })
      expect(await store.recordDelivery(late)).toMatchObject({
        outcome: 'rejected',
        cause: 'unknown_submission',
      })
      const response = store.applyResponse(submissionId, accepted({}), 2_000)
      await expect(response).rejects.toMatchObject({ code: 'not_found' })
      expect(await store.acknowledgeRuns([runId], anAuditEntry())).toEqual([])
      expect(await store.findAsset('file-1')).toBeUndefined()
      expect(await listEveryDelivery(store)).toEqual([])
    })

    test('keeps submissions while they are being submitted or have pending runs, unless they were rejected', async () => {
      const { store } = current()
      const pending = await submit({}, ['remove-bg', 'ai-tasks'])
      await deliverResult(store, pending.submissionId, 'remove-bg', 'failed')
      const submitting = await submit({}, [])
      const registered = await submit({ kind: 'external' })
      const unconfirmed = await submit()
      await store.applyResponse(unconfirmed.submissionId, unaccepted('unconfirmed'), 2_000)
      const rejected = await submit()
      await store.applyResponse(rejected.submissionId, unaccepted('rejected'), 2_000)
      const all = [pending, submitting, registered, unconfirmed, rejected]
      await deleteOld(store)
      expect(await Promise.all(all.map(isStored))).toEqual([true, true, true, true, false])

      await deliverResult(store, pending.submissionId, 'ai-tasks', 'success')
      await store.applyResponse(submitting.submissionId, accepted({}), 2_000)
      for (const { submissionId } of [registered, unconfirmed])
        await deliverResult(store, submissionId, 'remove-bg', 'success')
      await deleteOld(store)
      expect(await Promise.all(all.map(isStored))).toEqual([false, false, false, false, false])
    })

    test('keeps a submission until the notification to its caller is delivered or given up', async () => {
      const { store } = current()
      const notified = await submitSettled({ callerWebhookUrl: TARGET })
      const failing = await submitSettled({ callerWebhookUrl: TARGET })
      const again = { kind: 'again', at: 5_000, reason: 'status_500' } as const
      await recordNotificationResult(store, `msg_${failing.runId}`, again)
      await deleteOld(store)
      expect([await isStored(notified), await isStored(failing)]).toEqual([true, true])
      expect(await store.countNotifications(NOW)).toEqual({ due: 2, waiting: 0 })

      await store.recordNotificationResult(`msg_${notified.runId}`, { kind: 'delivered' }, 0, AN_ATTEMPT)
      await deleteOld(store)
      expect([await isStored(notified), await isStored(failing)]).toEqual([false, true])
      await recordNotificationResult(store, `msg_${failing.runId}`, {
        kind: 'given_up',
        reason: 'status_500',
      })
      await deleteOld(store)
      expect(await isStored(failing)).toBe(false)
      expect(await store.countNotifications(NOW)).toEqual({ due: 0, waiting: 0 })
    })

    test('is not stopped by a row that a wrong clock dated into the future, and keeps this row until its date is old', async () => {
      const { store } = current()
      const first = await submitSettled({ at: FUTURE })
      const behind = await submitSettled({ at: 1_000 })
      const young = await submitSettled({ at: BEFORE })
      const last = await submitSettled({ at: FUTURE })
      await deleteOld(store)
      const all = [first, behind, young, last]
      expect(await Promise.all(all.map(isStored))).toEqual([true, false, true, true])
      await deleteOld(store, { now: FUTURE + 10, before: FUTURE + 1 })
      expect(await Promise.all(all.map(isStored))).toEqual([false, false, false, false])
    })

    test('is not stopped by a row that was dated into the future, even after the clock has reached its date', async () => {
      const { store } = current()
      const hours = 3_600_000
      const recordEvent = (at: number) =>
        store.recordAccountDelivery(newAccountDelivery({ kind: 'other', eventId: null, type: null }, at))
      const ahead = await submitSettled({ at: 40 * hours })
      const old: { submissionId: string }[] = []
      for (let count = 0; count < 120; count += 1) {
        old.push(await submitSettled({ at: 2 * hours, fileId: `file-${count}` }))
        await recordEvent(count === 0 ? 40 * hours : 2 * hours)
      }
      const young = await submitSettled({ at: 41 * hours })
      for (const isFolded of [false, true]) {
        if (isFolded) await fold(store)
        await deleteOld(store, { now: 41 * hours, before: 20 * hours })
        expect([await isStored(ahead), await isStored(young)]).toEqual([true, true])
        expect(await Promise.all(old.map(isStored))).not.toContain(true)
        expect(await listEveryDelivery(store, { outcome: 'ignored' })).toHaveLength(1)
        // For the second round: rows that are old by their date, although they follow young ones.
        old.splice(0, Infinity, await submitSettled({ at: 3 * hours }))
        await recordEvent(3 * hours)
      }
    })

    test('deletes old deliveries without a submission, even after one of a kept submission and one dated into the future', async () => {
      const { store } = current()
      const kept = await submit({}, ['remove-bg', 'ai-tasks'])
      const ofKept = await deliverResult(store, kept.submissionId, 'remove-bg', 'success', { at: 1_000 })
      const asset = (eventId: string) =>
        ({ kind: 'asset', eventId, type: 'file.deleted', fileId: 'file-1' }) as const
      const end = {
        kind: 'upload_finished',
        eventId: 'event-2',
        type: 'upload.pre-transform.success',
        requestId: 'request-of-another',
        response: accepted({}),
      } as const
      const other = { kind: 'other', eventId: null, type: null } as const
      const recordEvent = (event: Parameters<typeof newAccountDelivery>[0], at: number) =>
        store.recordAccountDelivery(newAccountDelivery(event, at))
      const future = await recordEvent(other, FUTURE)
      for (const event of [asset('event-1'), asset('event-1'), end, other])
        await recordEvent(event, BEFORE - 1)
      for (let count = 0; count < 300; count += 1) await recordEvent(other, 2_000)
      const young = await recordEvent(asset('event-3'), BEFORE)
      await deleteOld(store)
      const left = await listEveryDelivery(store)
      expect(left.map(({ deliveryId }) => deliveryId)).toEqual(
        [ofKept, future, young].map(({ deliveryId }) => deliveryId).toReversed(),
      )
      expect(await store.findDelivery(young.deliveryId ?? '')).toMatchObject({ bytes: expect.any(Number) })
      expect(await recordEvent(asset('event-3'), BEFORE)).toMatchObject({ outcome: 'duplicate' })
      // The deliveries of `event-1` are deleted, so this one is no duplicate. It is ignored because `file-1` has no runs.
      expect(await recordEvent(asset('event-1'), BEFORE)).toMatchObject({ outcome: 'ignored' })
    })

    test('does not change the current runs of later submissions, and deletes older current runs of the same asset', async () => {
      const { store } = current()
      const old = await submit({ fileId: 'file-1' }, ['remove-bg', 'ai-tasks'])
      for (const name of ['remove-bg', 'ai-tasks'])
        await deliverResult(store, old.submissionId, name, 'failed')
      const young = await submitSettled({ fileId: 'file-1', at: BEFORE })
      await submitSettled({ fileId: 'file-2' }, ['remove-bg', 'ai-tasks'])
      await submitSettled({ fileId: 'file-2', at: BEFORE }, ['remove-bg', 'ai-tasks'])
      const before = { one: await store.findAsset('file-1'), two: await store.findAsset('file-2') }
      await deleteOld(store)
      expect(await store.findAsset('file-2')).toEqual(before.two)
      const after = await store.findAsset('file-1')
      expect(after).toEqual({
        ...before.one,
        runs: before.one?.runs.filter(({ name }) => name !== 'ai-tasks'),
      })
      expect(after?.runs).toMatchObject([{ runId: young.runId, status: 'success' }])
      expect(await isStored(old)).toBe(false)
    })

    test.each([
      ['has a pending run', { at: 1_000 }],
      ['was dated into the future by a wrong clock', { at: FUTURE }],
    ])(
      'keeps the later submissions of an asset if an earlier one %s, so that no superseded run becomes current again',
      async (_, facts) => {
        const { store } = current()
        const first = await submit({ ...facts, fileId: 'file-1' }, ['remove-bg', 'ai-tasks'])
        await deliverResult(store, first.submissionId, 'remove-bg', 'failed')
        const second = await submitSettled({ fileId: 'file-1' })
        const third = await submitSettled({ fileId: 'file-1' })
        const others = [await submitSettled({ fileId: 'file-2' }), await submitSettled()]
        const before = await store.findAsset('file-1')
        // The first step ends before the last submission of the asset, so a later step must know which assets have kept submissions.
        for (let count = 0; count < 200; count += 1) await submit({ fileId: `of-${count}` })
        const inLaterStep = await submitSettled({ fileId: 'file-1' }, ['google-auto-tagging'])
        const kept = [first, second, third, inLaterStep]
        await deleteOld(store)
        expect(await Promise.all(kept.map(isStored))).toEqual([true, true, true, true])
        expect(await Promise.all(others.map(isStored))).toEqual([false, false])
        expect((await store.findAsset('file-1'))?.runs).toEqual(expect.arrayContaining(before?.runs ?? []))

        await deliverResult(store, first.submissionId, 'ai-tasks', 'success')
        await deleteOld(store, { now: FUTURE + 1, before: FUTURE + 1 })
        expect(await Promise.all(kept.map(isStored))).toEqual([false, false, false, false])
        expect(await store.findAsset('file-1')).toBeUndefined()
      },
    )

    test('leaves the counts as if the submissions had never existed, before and after folding', async () => {
      const { store } = current()
      await submit({}, ['ai-tasks', 'remove-bg'])
      const counts = await countsOf(store)
      const fill = async (mark: string) => {
        const { runIds } = await submitWithAll(mark, 1_000)
        await store.acknowledgeRuns(runIds, anAuditEntry())
      }
      await fill('one')
      expect(await countsOf(store)).not.toEqual(counts)
      await deleteOld(store)
      expect(await countsOf(store)).toEqual(counts)
      await fold(store)
      expect(await countsOf(store)).toEqual(counts)
      await fill('two')
      await fold(store)
      await deleteOld(store)
      expect(await countsOf(store)).toEqual(counts)
      await fold(store)
      expect(await countsOf(store)).toEqual(counts)
      const pending = await listEveryRun(store)
      expect(await store.findOldestPending()).toMatchObject({ runId: pending.at(-1)?.run.runId })
      for (const { run } of pending) await deliverResult(store, run.submissionId, run.name, 'success')
      await deleteOld(store)
      expect(await store.readStats(0, 100_000)).toEqual({ groups: [], counters: [], byHour: [] })
      expect(await store.findOldestPending()).toBeUndefined()
    })

    test('lists in its commits the assets that it changes, and no others', async () => {
      const { store } = current()
      for (const fileId of ['file-1', 'file-2', null]) await submitSettled({ fileId })
      await submit({ fileId: 'file-3' })
      await submitSettled({ fileId: 'file-4', at: BEFORE })
      const commits: Commit[] = []
      store.watchCommits((commit) => commits.push(commit))
      await deleteOld(store)
      expect(commits.flatMap(({ fileIds }) => [...fileIds]).toSorted()).toEqual(['file-1', 'file-2'])
      for (const { settled, notificationsCreated } of commits)
        expect([settled, notificationsCreated]).toEqual([[], 0])
    })

    test('takes several steps for many rows, lets others write in between, and keeps the young rows that they write', async () => {
      const { store } = current()
      const old: { submissionId: string }[] = []
      for (let count = 0; count < 130; count += 1)
        old.push(await submitSettled({ fileId: `file-${count % 3}` }))
      const written: { submissionId: string }[] = []
      const steps = await deleteOld(store, {
        between: async () => written.push(await submitSettled({ at: BEFORE + 1, fileId: 'file-0' })),
      })
      expect(steps.filter((deleted) => deleted > 0).length).toBeGreaterThan(1)
      expect(sum(steps)).toBe(130)
      expect(await Promise.all(old.map(isStored))).not.toContain(true)
      expect(await Promise.all(written.map(isStored))).not.toContain(false)
      expect((await store.findAsset('file-0'))?.runs).toMatchObject([
        { submissionId: written.at(-1)?.submissionId },
      ])
      expect(sum(await deleteOld(store))).toBe(0)
    })

    test('continues after a position whose row was deleted, and from the beginning without a position, as after a restart', async () => {
      const { store, reopen } = current()
      for (let count = 0; count < 130; count += 1) await submitSettled()
      const first = await withLease(store).deleteOldSubmissions(NOW, BEFORE, null)
      expect(first.deleted).toBeGreaterThan(0)
      const second = await withLease(store).deleteOldSubmissions(NOW, BEFORE, first.next)
      expect(second.deleted).toBeGreaterThan(0)
      const reopened = await reopen()
      const rest = sum(await deleteOld(reopened))
      expect(first.deleted + second.deleted + rest).toBe(130)
      expect(await listEveryRun(reopened)).toEqual([])
    })

    test('takes several steps for few rows if their bodies are large', async () => {
      const { store } = current()
      // A step ends after two of these bodies: together they exceed `MAX_DELETED_BYTES`.
      for (let count = 0; count < 6; count += 1) {
        const { submissionId } = await submit()
        const reported = { service: 'remove-bg', status: 'success', fileId: null } as const
        await store.recordDelivery(newDelivery(submissionId, reported, { body: Buffer.alloc(700_000, 'a') }))
        const event = newAccountDelivery({ kind: 'other', eventId: null, type: null })
        await store.recordAccountDelivery({ ...event, body: Buffer.alloc(700_000, 'b') })
      }
      const counts: number[] = []
      const deleted = await deleteOld(store, {
        between: async () => counts.push((await listEveryDelivery(store)).length),
      })
      expect(deleted.filter((count) => count > 0).length).toBeGreaterThan(1)
      expect(new Set(counts).size).toBeGreaterThan(4)
      expect(await listEveryDelivery(store)).toEqual([])
    })

    test.each(['without a restart', 'after a restart'])(
      'never assigns a deleted id again, and new rows are unrelated to deleted ones (%s)',
      async (when) => {
        const { store, reopen } = current()
        const old = await submitWithAll('old', 1_000)
        await store.createRetry('retry-2', old.runIds, anAuditEntry())
        await deleteOld(store)
        expect(await listEveryDelivery(store)).toEqual([])
        const opened = when === 'without a restart' ? store : await reopen()

        // New rows may get the row numbers of deleted ones.
        const facts = { fileId: 'file-other', callerWebhookUrl: TARGET, at: BEFORE }
        const other = await submitWithRuns(opened, ['remove-bg', 'ai-tasks'], facts)
        const fresh = await submitWithRuns(opened, ['aws-auto-tagging'], { ...facts, fileId: old.fileId })
        const newDeliveryIds: (string | null)[] = []
        for (const { submissionId, runs } of [other, fresh])
          for (const { name } of runs)
            newDeliveryIds.push(
              (await deliverResult(opened, submissionId, name, 'success', { at: BEFORE })).deliveryId,
            )
        const runs = [...other.runs, ...fresh.runs]
        const [rejectedId] = await opened.keepRejected([newRejected()])
        const ids = [
          other.submissionId,
          fresh.submissionId,
          ...runs.map(({ runId }) => runId),
          ...newDeliveryIds,
          rejectedId,
        ]
        for (const id of [old.submissionId, ...old.runIds, ...old.deliveryIds, old.rejectedId])
          expect(ids).not.toContain(id)
        expect(await opened.findSubmission(old.submissionId)).toBeUndefined()
        for (const id of old.runIds) expect(await opened.findRunHistory(id)).toBeUndefined()
        for (const id of old.deliveryIds) expect(await opened.findDelivery(id)).toBeUndefined()
        expect(await opened.findRejected(old.rejectedId)).toBeUndefined()
        expect((await opened.countNotifications(NOW)).due).toBe(3)
        for (const [index, { runId }] of runs.entries())
          expect(await opened.findRunHistory(runId)).toMatchObject({
            auditEntries: [],
            notification: { createdAt: BEFORE, attempt: 1, result: null },
            previous: null,
            deliveries: [{ deliveryId: newDeliveryIds[index] }],
          })
        expect((await opened.findAsset(old.fileId))?.runs).toMatchObject([{ runId: fresh.runId }])
        expect((await opened.findAsset('file-other'))?.runs).toHaveLength(2)
        expect(await opened.nextRetryItem()).toBeUndefined()
      },
    )

    test('does nothing if nothing is old, or the store is empty', async () => {
      const { store } = current()
      expect(await withLease(store).deleteOldSubmissions(NOW, BEFORE, null)).toMatchObject({ deleted: 0 })
      expect(sum(await deleteOld(store))).toBe(0)
      const { submissionId } = await submitSettled({ at: BEFORE })
      const found = await store.findSubmission(submissionId)
      expect(sum(await deleteOld(store))).toBe(0)
      expect(await store.findSubmission(submissionId)).toEqual(found)
    })
  })
}
