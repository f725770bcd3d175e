import { describe, expect, test } from 'vitest'
import {
  accepted,
  anAuditEntry,
  FILE_ID,
  newAccountDelivery,
  newDelivery,
  unaccepted,
  unknownIds,
} from './builders.ts'
import { deliverResult, recordNotificationResult, submitWithRuns } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeOperatorsHistory(current: () => StoreFixture): void {
  describe('the history of a run', () => {
    test('contains its submission, its siblings, the time of the first response and the notification', async () => {
      const { store } = current()
      const callerWebhookUrl = 'https://caller.example/hook'
      const { submissionId, runs } = await submitWithRuns(store, ['remove-bg', 'ai-tasks'], {
        callerWebhookUrl,
      })
      const [own, sibling] = runs
      await store.applyResponse(submissionId, accepted({ 'remove-bg': 'pending' }), 1_500)
      await store.applyResponse(submissionId, accepted({ 'remove-bg': 'pending' }), 1_900)
      await deliverResult(store, submissionId, 'remove-bg', 'success')
      const notificationId = `msg_${own?.runId}`
      await recordNotificationResult(store, notificationId, {
        kind: 'again',
        at: 9_000,
        reason: 'status 500',
      })

      const found = await store.findSubmission(submissionId)
      expect(await store.findRunHistory(own?.runId ?? '')).toMatchObject({
        run: found?.runs[0],
        submission: found?.submission,
        respondedAt: 1_500,
        siblings: [found?.runs[1]],
        notification: { createdAt: 2_000, attempt: 2, result: 'again', reason: 'status 500' },
        auditEntries: [],
        currentRunId: null,
      })
      expect(await store.findRunHistory(sibling?.runId ?? '')).toMatchObject({
        siblings: [found?.runs[0]],
        notification: null,
      })
      for (const unknown of ['nowhere', ...unknownIds(own?.runId ?? '')])
        expect(await store.findRunHistory(unknown)).toBeUndefined()
    })

    test('contains the deliveries that report on it, and those of its submission that name no extension, oldest first', async () => {
      const { store } = current()
      const { submissionId, runs } = await submitWithRuns(store, ['remove-bg', 'ai-tasks'])
      const deliveryIds: (string | null)[] = []
      const results = [
        { service: 'ai-tasks', status: 'success' },
        { service: 'remove-bg', status: 'success' },
        { service: null },
        { service: 'remove-bg', status: 'failed' },
        { service: 'remove-bg', status: null },
        { service: 'never-asked', status: 'failed' },
      ] as const
      for (const reported of results)
        deliveryIds.push((await store.recordDelivery(newDelivery(submissionId, reported))).deliveryId)
      const history = await store.findRunHistory(runs[0]?.runId ?? '')
      expect(history?.deliveries.map(({ deliveryId }) => deliveryId)).toEqual(
        [1, 2, 3, 4].map((index) => deliveryIds[index]),
      )
      expect(history?.deliveries.map(({ outcome }) => outcome)).toEqual([
        'applied',
        'ignored',
        'contradicted',
        'ignored',
      ])
    })

    test('contains the event that reported the result of its queued upload', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'])
      await store.applyResponse(submissionId, accepted({}, { fileId: null }), 1_500)
      const end = newAccountDelivery({
        kind: 'upload_finished',
        eventId: 'event-1',
        type: 'upload.pre-transform.success',
        requestId: 'request-1',
        response: accepted({}),
      })
      const { deliveryId } = await store.recordAccountDelivery(end)
      const history = await store.findRunHistory(runId)
      expect(history?.deliveries).toMatchObject([{ deliveryId, route: 'account' }])
    })

    test('names the current run of the same extension, unless it is the run itself', async () => {
      const { store } = current()
      const facts = { kind: 'update', fileId: FILE_ID } as const
      const older = await submitWithRuns(store, ['remove-bg'], facts)
      expect(await store.findRunHistory(older.runId)).toMatchObject({ respondedAt: null, currentRunId: null })
      const newer = await submitWithRuns(store, ['remove-bg'], facts)
      await submitWithRuns(store, ['ai-tasks'], facts)
      expect(await store.findRunHistory(older.runId)).toMatchObject({ currentRunId: newer.runId })
      expect(await store.findRunHistory(newer.runId)).toMatchObject({ currentRunId: null })
      await store.applyResponse(newer.submissionId, unaccepted('rejected'), 3_000)
      expect(await store.findRunHistory(older.runId)).toMatchObject({ currentRunId: null })
      expect(await store.findRunHistory(newer.runId)).toMatchObject({ currentRunId: older.runId })
    })

    test('contains the audit entries about it, oldest first, and not those about others', async () => {
      const { store } = current()
      const { runId } = await submitWithRuns(store, ['remove-bg'])
      const auditEntries = [
        anAuditEntry({ subject: runId, at: 1 }),
        anAuditEntry({ kind: 'retry', subject: runId, at: 2 }),
      ]
      for (const entry of auditEntries) await store.recordAuditEntry(entry)
      await store.recordAuditEntry(anAuditEntry({ subject: 'another' }))
      expect((await store.findRunHistory(runId))?.auditEntries).toEqual(auditEntries)
    })
  })

  describe('the submissions of an asset', () => {
    test('are listed with their runs, newest first, page by page, including rejected ones and those without runs', async () => {
      const { store } = current()
      const facts = { kind: 'update', fileId: FILE_ID } as const
      const first = await submitWithRuns(store, ['remove-bg', 'ai-tasks'], facts)
      const second = await submitWithRuns(store, [], facts)
      const third = await submitWithRuns(store, ['remove-bg'], facts)
      await store.applyResponse(third.submissionId, unaccepted('rejected'), 3_000)
      const newestFirst = [third, second, first]
      const found = await Promise.all(
        newestFirst.map(({ submissionId }) => store.findSubmission(submissionId)),
      )
      const page = { limit: 2, before: null }
      const { submissions, next } = await store.listAssetSubmissions(FILE_ID, page)
      expect(submissions).toEqual(found.slice(0, 2))
      const rest = { submissions: found.slice(2), next: null }
      expect(await store.listAssetSubmissions(FILE_ID, { limit: 2, before: next })).toEqual(rest)
      expect(await store.listAssetSubmissions('nowhere', page)).toEqual({ submissions: [], next: null })
    })
  })
}
