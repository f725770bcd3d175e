import { describe, expect, test } from 'vitest'
import {
  accepted,
  FILE_ID,
  newAccountDelivery,
  newDelivery,
  refused,
  settleNotification,
  unknownIds,
} from './facts.ts'
import type { OpenedStore } from './opened-store.ts'
import { anAct, say, submitTo } from './operator-facts.ts'

export function describeOperatorsHistory(current: () => OpenedStore): void {
  describe('the history of a run', () => {
    test('has its submission, its siblings, when that was answered, and what its caller was told', async () => {
      const { store } = current()
      const callerWebhookUrl = 'https://caller.example/hook'
      const { submissionId, runs } = await submitTo(store, ['remove-bg', 'ai-tasks'], { callerWebhookUrl })
      const [own, sibling] = runs
      await store.applyResponse(submissionId, accepted({ 'remove-bg': 'pending' }), 1_500)
      await store.applyResponse(submissionId, accepted({ 'remove-bg': 'pending' }), 1_900)
      await say(store, submissionId, 'remove-bg', 'success')
      const notificationId = `msg_${own?.runId}`
      await settleNotification(store, notificationId, { kind: 'again', at: 9_000, reason: 'it said 500' })

      const found = await store.findSubmission(submissionId)
      expect(await store.findRunHistory(own?.runId ?? '')).toMatchObject({
        run: found?.runs[0],
        submission: found?.submission,
        respondedAt: 1_500,
        siblings: [found?.runs[1]],
        notification: { createdAt: 2_000, attempt: 2, result: 'again', reason: 'it said 500' },
        acts: [],
        currentRunId: null,
      })
      expect(await store.findRunHistory(sibling?.runId ?? '')).toMatchObject({
        siblings: [found?.runs[0]],
        notification: null,
      })
      for (const unknown of ['nowhere', ...unknownIds(own?.runId ?? '')])
        expect(await store.findRunHistory(unknown)).toBeUndefined()
    })

    test('has the deliveries that speak of it, or that could not be understood, the oldest first', async () => {
      const { store } = current()
      const { submissionId, runs } = await submitTo(store, ['remove-bg', 'ai-tasks'])
      const told: (string | null)[] = []
      const words = [
        { service: 'ai-tasks', status: 'success' },
        { service: 'remove-bg', status: 'success' },
        { service: null },
        { service: 'remove-bg', status: 'failed' },
        { service: 'remove-bg', status: null },
        { service: 'never-asked', status: 'failed' },
      ] as const
      for (const word of words)
        told.push((await store.recordDelivery(newDelivery(submissionId, word))).deliveryId)
      const history = await store.findRunHistory(runs[0]?.runId ?? '')
      expect(history?.deliveries.map(({ deliveryId }) => deliveryId)).toEqual(
        [1, 2, 3, 4].map((at) => told[at]),
      )
      expect(history?.deliveries.map(({ outcome }) => outcome)).toEqual([
        'applied',
        'ignored',
        'contradicted',
        'ignored',
      ])
    })

    test('has the end of the queued upload that it belongs to', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitTo(store, ['remove-bg'])
      await store.applyResponse(submissionId, accepted({}, { fileId: null }), 1_500)
      const end = newAccountDelivery({
        kind: 'upload_finished',
        eventId: 'event-1',
        type: 'upload.pre-transform.success',
        requestId: 'request-1',
        answer: accepted({}),
      })
      const { deliveryId } = await store.recordAccountDelivery(end)
      const history = await store.findRunHistory(runId)
      expect(history?.deliveries).toMatchObject([{ deliveryId, route: 'account' }])
    })

    test('names the run that took its place, as long as that is the current one', async () => {
      const { store } = current()
      const facts = { kind: 'update', fileId: FILE_ID } as const
      const older = await submitTo(store, ['remove-bg'], facts)
      expect(await store.findRunHistory(older.runId)).toMatchObject({ respondedAt: null, currentRunId: null })
      const newer = await submitTo(store, ['remove-bg'], facts)
      await submitTo(store, ['ai-tasks'], facts)
      expect(await store.findRunHistory(older.runId)).toMatchObject({ currentRunId: newer.runId })
      expect(await store.findRunHistory(newer.runId)).toMatchObject({ currentRunId: null })
      await store.applyResponse(newer.submissionId, refused('rejected'), 3_000)
      expect(await store.findRunHistory(older.runId)).toMatchObject({ currentRunId: null })
      expect(await store.findRunHistory(newer.runId)).toMatchObject({ currentRunId: older.runId })
    })

    test('has what operators did about it, the oldest first, and not about others', async () => {
      const { store } = current()
      const { runId } = await submitTo(store, ['remove-bg'])
      const acts = [anAct({ subject: runId, at: 1 }), anAct({ kind: 'retry', subject: runId, at: 2 })]
      for (const act of acts) await store.recordAuditEntry(act)
      await store.recordAuditEntry(anAct({ subject: 'another' }))
      expect((await store.findRunHistory(runId))?.acts).toEqual(acts)
    })
  })

  describe('the submissions of an asset', () => {
    test('are all there, with their runs, the newest first, page by page', async () => {
      const { store } = current()
      const facts = { kind: 'update', fileId: FILE_ID } as const
      const first = await submitTo(store, ['remove-bg', 'ai-tasks'], facts)
      const second = await submitTo(store, [], facts)
      const third = await submitTo(store, ['remove-bg'], facts)
      await store.applyResponse(third.submissionId, refused('rejected'), 3_000)
      const expected = [third, second, first].map(({ submissionId }) => store.findSubmission(submissionId))
      const found = await Promise.all(expected)
      const page = { limit: 2, before: null }
      const { submissions, next } = await store.listAssetSubmissions(FILE_ID, page)
      expect(submissions).toEqual(found.slice(0, 2))
      const rest = { submissions: found.slice(2), next: null }
      expect(await store.listAssetSubmissions(FILE_ID, { limit: 2, before: next })).toEqual(rest)
      expect(await store.listAssetSubmissions('nowhere', page)).toEqual({ submissions: [], next: null })
    })
  })
}
