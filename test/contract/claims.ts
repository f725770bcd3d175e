import { describe, expect, test } from 'vitest'
import type { DueRun } from '../../src/domain/finding.ts'
import type { Store } from '../../src/store/store.ts'
import {
  AN_ATTEMPT,
  anAuditEntry,
  EVIDENCE,
  FILE_ID,
  newAccountDelivery,
  newDelivery,
  newSubmission,
} from './builders.ts'
import { submit, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

/**
 * Several processes share due work: one of them claims a run or notification for a limited time, or submits an item of a retry, and
 * the others do not get it.
 */
export function describeClaims(current: () => StoreFixture): void {
  const openBoth = async (): Promise<[Store, Store]> => [
    current().store,
    await current().openAnotherProcess(),
  ]
  /** A submission of a known file whose runs have been due since 1,000. */
  const submitDue = async (store: Store, names: string[]) => {
    const submissionId = await submit(store, names, { fileId: FILE_ID, kind: 'update' })
    await sweep(store)
    return submissionId
  }
  const idsOf = (due: readonly DueRun[]) => due.map(({ run }) => run.runId)
  const idsDueAt = async (store: Store, now: number) => idsOf(await store.listDue(now, 100))
  /** Claims the run that has been due the longest. Returns its id; empty if no run is due. */
  const claimOne = async (store: Store, now: number, until: number) => {
    const claimed = await store.claimDue(now, { limit: 1, until })
    return claimed[0]?.run.runId ?? ''
  }
  const statusOf = async (store: Store, submissionId: string) =>
    (await store.findSubmission(submissionId))?.runs[0]?.status

  describe('claiming due runs', () => {
    test('gives each run to exactly one of two processes that claim at the same time', async () => {
      const handles = await openBoth()
      const names = Array.from({ length: 30 }, (_, index) => `extension-${index}`)
      await submitDue(handles[0], names)
      const claimed = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          handles[index % 2 === 0 ? 0 : 1].claimDue(5_000, { limit: 5, until: 9_000 }),
        ),
      )
      const ids = claimed.flatMap(idsOf)
      expect(ids).toHaveLength(30)
      expect(new Set(ids).size).toBe(30)
      for (const store of handles) {
        expect(await store.claimDue(8_999, { limit: 5, until: 20_000 })).toEqual([])
        expect(await idsDueAt(store, 8_999)).toEqual([])
      }
    })

    test('returns the same data as listing them, in the same order', async () => {
      const [one] = await openBoth()
      await submitDue(one, ['remove-bg', 'ai-tasks'])
      const listed = await one.listDue(5_000, 10)
      expect(listed).toMatchObject([{ dueAt: 1_000 }, { dueAt: 1_000 }])
      expect(await one.claimDue(5_000, { limit: 10, until: 9_000 })).toEqual(listed)
    })

    test('is possible again once the claim has expired, without a release', async () => {
      const [one, two] = await openBoth()
      await submitDue(two, ['remove-bg'])
      const runId = await claimOne(two, 5_000, 9_000)
      expect(await claimOne(one, 8_999, 15_000)).toBe('')
      expect(await claimOne(one, 9_000, 15_000)).toBe(runId)
    })

    test('includes runs due after `latest`, because such a due time means that the clock was set back', async () => {
      const [one, two] = await openBoth()
      await submitDue(one, ['remove-bg'])
      const runId = await claimOne(one, 1_000_000, 1_120_000)
      expect(await two.claimDue(5_000, { limit: 1, until: 9_000, latest: 1_120_000 })).toEqual([])
      const claimed = await two.claimDue(5_000, { limit: 1, until: 9_000, latest: 1_119_999 })
      expect(idsOf(claimed)).toEqual([runId])
    })

    test.each([{ kind: 'unchanged', dueAt: 70_000 }, { kind: 'timed_out' }] as const)(
      'makes the store ignore a late $kind finding of a process that has lost its claim',
      async (finding) => {
        const [one, two] = await openBoth()
        const submissionId = await submitDue(one, ['remove-bg'])
        const runId = await claimOne(one, 5_000, 9_000)
        await claimOne(two, 9_000, 15_000)
        const late = await one.applyFinding(runId, finding, 9_500, 9_000)
        expect(late).toEqual({ applied: false, fileId: null })
        expect(await statusOf(two, submissionId)).toBe('pending')
        expect(await idsDueAt(two, 15_000)).toEqual([runId])
        expect(await two.applyFinding(runId, finding, 9_500, 15_000)).toMatchObject({ applied: true })
        expect(await idsDueAt(one, 15_000)).toEqual([])
      },
    )

    test('can be extended unless the claim was lost; the new end then identifies the claim', async () => {
      const [one, two] = await openBoth()
      await submitDue(one, ['remove-bg', 'ai-tasks'])
      const claimed = idsOf(await one.claimDue(5_000, { limit: 10, until: 9_000 }))
      const [kept = '', lost = ''] = claimed
      await two.releaseRuns([{ runId: lost, dueAt: 20_000 }], 9_000)
      await one.extendClaim(claimed, 9_000, 15_000)
      expect(await idsDueAt(two, 14_999)).toEqual([])
      expect(await idsDueAt(two, 15_000)).toEqual([kept])
      const unchanged = { kind: 'unchanged', dueAt: 70_000 } as const
      expect(await one.applyFinding(kept, unchanged, 9_500, 9_000)).toMatchObject({ applied: false })
      expect(await one.applyFinding(kept, unchanged, 9_500, 15_000)).toMatchObject({ applied: true })
      expect(await idsDueAt(two, 20_000)).toEqual([lost])
    })

    test('leaves an expired claim valid until another process claims the run', async () => {
      const [one] = await openBoth()
      await submitDue(one, ['remove-bg'])
      const runId = await claimOne(one, 5_000, 9_000)
      const late = await one.applyFinding(runId, { kind: 'timed_out' }, 20_000, 9_000)
      expect(late).toEqual({ applied: true, fileId: FILE_ID })
    })

    test.each([
      [EVIDENCE, 'success'],
      [{ kind: 'asset_gone' }, 'expired'],
    ] as const)(
      'does not prevent evidence or the loss of the asset from counting, even if a process that has lost its claim reports it',
      async (finding, status) => {
        const [one, two] = await openBoth()
        const submissionId = await submitDue(one, ['remove-bg'])
        const runId = await claimOne(one, 5_000, 9_000)
        await claimOne(two, 9_000, 15_000)
        expect(await one.applyFinding(runId, finding, 9_500, 9_000)).toMatchObject({ applied: true })
        expect(await statusOf(two, submissionId)).toBe(status)
        const after = await two.applyFinding(runId, { kind: 'unchanged', dueAt: 70_000 }, 9_600, 15_000)
        expect(after).toEqual({ applied: false, fileId: null })
      },
    )

    test('is undone by an event about the asset, so that the run is checked again', async () => {
      const [one, two] = await openBoth()
      await submitDue(one, ['remove-bg'])
      const runId = await claimOne(one, 5_000, 9_000)
      const event = { kind: 'asset', eventId: 'event-1', type: 'file.updated', fileId: FILE_ID } as const
      await two.recordAccountDelivery(newAccountDelivery(event, 6_000))
      const found = await one.applyFinding(runId, { kind: 'unchanged', dueAt: 70_000 }, 6_500, 9_000)
      expect(found).toEqual({ applied: false, fileId: null })
      await one.releaseRuns([{ runId, dueAt: 1_000 }], 9_000)
      expect(await idsDueAt(two, 5_999)).toEqual([])
      expect(await idsDueAt(two, 6_000)).toEqual([runId])
    })

    test('is undone by a release: the runs are due at the given times; a second release does not end a later claim', async () => {
      const [one, two] = await openBoth()
      await submitDue(one, ['remove-bg', 'ai-tasks'])
      const claimed = await one.claimDue(5_000, { limit: 10, until: 9_000 })
      const [first = '', second = ''] = idsOf(claimed)
      const released = [
        { runId: first, dueAt: 1_000 },
        { runId: second, dueAt: 2_000 },
      ]
      // No claim ends at this time, so nothing is released.
      await two.releaseRuns(released, 9_001)
      expect(await idsDueAt(two, 8_999)).toEqual([])
      await one.releaseRuns(released, 9_000)
      expect(await idsDueAt(two, 1_999)).toEqual([first])
      expect(await idsDueAt(two, 2_000)).toEqual([first, second])
      await claimOne(two, 1_000, 15_000)
      await one.releaseRuns(released, 9_000)
      expect(await idsDueAt(two, 14_999)).toEqual([second])
    })

    test('followed by a release does not make a run due again that a webhook has settled meanwhile', async () => {
      const [one, two] = await openBoth()
      const submissionId = await submitDue(one, ['remove-bg'])
      const runId = await claimOne(one, 5_000, 9_000)
      const result = { service: 'remove-bg', status: 'success' } as const
      await two.recordDelivery(newDelivery(submissionId, result))
      await one.releaseRuns([{ runId, dueAt: 1_000 }], 9_000)
      expect(await idsDueAt(two, 1_000_000)).toEqual([])
    })
  })

  describe('claiming notifications', () => {
    /** A notification that has been due since 2,000. */
    const createNotification = async (store: Store): Promise<string> => {
      const callerWebhookUrl = 'https://caller.example/hook'
      const submissionId = await submit(store, ['remove-bg'], { callerWebhookUrl })
      const result = { service: 'remove-bg', status: 'success' } as const
      const { runId } = await store.recordDelivery(newDelivery(submissionId, result))
      return `msg_${runId}`
    }
    const listAt = async (store: Store, now: number) =>
      (await store.listDueNotifications(now, { perHost: 10, after: null })).due
    const again = { kind: 'again', at: 70_000, reason: 'status_500' } as const

    test('gives the body to one of two processes', async () => {
      const handles = await openBoth()
      const notificationId = await createNotification(handles[0])
      const [due] = await listAt(handles[1], 5_000)
      expect(due).toMatchObject({ notificationId, dueAt: 2_000 })
      const claimed = await Promise.all(
        handles.map((store) => store.claimNotification(notificationId, 2_000, 9_000)),
      )
      expect(claimed.filter((body) => body !== undefined)).toHaveLength(1)
      for (const store of handles) {
        expect(await listAt(store, 8_999)).toEqual([])
        expect(await listAt(store, 9_000)).toMatchObject([{ notificationId, dueAt: 9_000, attempt: 1 }])
      }
    })

    test('is possible again once the claim has expired, and a late failure of the first process changes nothing', async () => {
      const [one, two] = await openBoth()
      const notificationId = await createNotification(one)
      await one.claimNotification(notificationId, 2_000, 9_000)
      expect(await two.claimNotification(notificationId, 9_000, 15_000)).toContain('remove-bg')
      await one.recordNotificationResult(notificationId, again, 9_000, AN_ATTEMPT)
      await one.recordNotificationResult(
        notificationId,
        { kind: 'given_up', reason: 'status_500' },
        9_000,
        AN_ATTEMPT,
      )
      expect(await listAt(two, 15_000)).toMatchObject([{ dueAt: 15_000, attempt: 1 }])
      await two.recordNotificationResult(notificationId, again, 15_000, AN_ATTEMPT)
      expect(await listAt(one, 69_999)).toEqual([])
      expect(await listAt(one, 70_000)).toMatchObject([{ attempt: 2 }])
    })

    test.each([
      { kind: 'delivered' },
      { kind: 'gone', reason: 'status_410' },
      { kind: 'rejected', reason: 'address_not_allowed' },
    ] as const)(
      'does not prevent the result $kind from counting, even if the claim was lost',
      async (result) => {
        const [one, two] = await openBoth()
        const notificationId = await createNotification(one)
        await one.claimNotification(notificationId, 2_000, 9_000)
        await two.claimNotification(notificationId, 9_000, 15_000)
        await one.recordNotificationResult(notificationId, result, 9_000, AN_ATTEMPT)
        await two.recordNotificationResult(notificationId, again, 15_000, AN_ATTEMPT)
        expect(await listAt(two, 1_000_000)).toEqual([])
        expect(await two.claimNotification(notificationId, 15_000, 20_000)).toBeUndefined()
      },
    )

    test('is undone by a release: the same attempt is due again', async () => {
      const [one, two] = await openBoth()
      const notificationId = await createNotification(one)
      const before = await listAt(one, 5_000)
      await one.claimNotification(notificationId, 2_000, 9_000)
      // The claim does not end at this time, so it is not released.
      await two.releaseNotification(notificationId, 9_001, 2_000)
      expect(await listAt(two, 5_000)).toEqual([])
      await one.releaseNotification(notificationId, 9_000, 2_000)
      expect(await listAt(two, 5_000)).toEqual(before)
    })
  })

  describe('items of a retry', () => {
    /** Two failed runs of different files, and a retry of both. */
    const createRetry = async (store: Store) => {
      const runIds = await Promise.all(
        ['file-0', 'file-1'].map(async (fileId) => {
          const submissionId = await submit(store, ['remove-bg'], { fileId, kind: 'update' })
          const result = { service: 'remove-bg', status: 'failed', fileId } as const
          return (await store.recordDelivery(newDelivery(submissionId, result))).runId ?? ''
        }),
      )
      await store.createRetry('retry-1', runIds, anAuditEntry({ kind: 'retry' }))
      return runIds
    }
    const newRetry = (fileId: string) => newSubmission(['remove-bg'], { fileId, kind: 'update', attempt: 2 })

    test('are submitted by only one of two processes that have read the same item', async () => {
      const handles = await openBoth()
      const [runId = '', otherId = ''] = await createRetry(handles[0])
      const { itemId = 0 } = (await handles[0].nextRetryItem()) ?? {}
      expect(await handles[1].nextRetryItem()).toMatchObject({ itemId, runId })
      const submitted = await Promise.all(
        handles.map((store) => store.submitRetry(runId, newRetry('file-0'), { itemId })),
      )
      expect(submitted.filter((one) => 'submissionId' in one)).toHaveLength(1)
      expect(submitted).toContainEqual({ rejection: 'not_waiting' })
      for (const store of handles) expect(await store.nextRetryItem()).toMatchObject({ runId: otherId })
    })

    test('end when the process that submits them reports their result; a report of another process changes nothing', async () => {
      const [one, two] = await openBoth()
      const [runId = ''] = await createRetry(one)
      const { itemId = 0 } = (await one.nextRetryItem()) ?? {}
      await one.submitRetry(runId, newRetry('file-0'), { itemId })
      for (const state of ['failed', 'waiting'] as const) await two.endRetryItem(itemId, state, 'late')
      expect(await two.findRetry('retry-1')).toMatchObject({ total: 2, done: 0 })
      await one.endRetryItem(itemId, 'accepted', null)
      expect(await two.findRetry('retry-1')).toMatchObject({ done: 1, failed: 0 })
    })
  })
}
