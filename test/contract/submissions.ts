import { describe, expect, test } from 'vitest'
import { accepted, FILE_ID, newDelivery, newSubmission, unaccepted, unknownIds } from './builders.ts'
import { submit } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeSubmissions(current: () => StoreFixture): void {
  describe('submissions', () => {
    test('a submission is found as it was written, with one pending run per distinct name', async () => {
      const { store } = current()
      const request = newSubmission(['remove-bg', 'ai-tasks', 'remove-bg'], {
        callerWebhookUrl: 'https://caller.example/hook',
        setsDescription: true,
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        attempt: 3,
      })
      const { submissionId } = await store.createSubmission(request)

      const found = await store.findSubmission(submissionId)
      const { at, attempt, ...facts } = request
      expect(found?.submission).toEqual({
        ...facts,
        submissionId,
        state: 'submitting',
        requestId: null,
        error: null,
        baseline: null,
        createdAt: at,
        updatedAt: at,
      })
      expect(found?.runs.map((run) => run.name)).toEqual(['remove-bg', 'ai-tasks'])
      for (const run of found?.runs ?? [])
        expect(run).toMatchObject({ status: 'pending', source: 'request', attempt, requestedAt: at })
    })

    test('an unknown submission is not found, and a response to it rejects with `not_found`', async () => {
      const { store } = current()
      for (const unknown of ['nowhere', ...unknownIds(await submit(store, ['remove-bg']))]) {
        expect(await store.findSubmission(unknown)).toBeUndefined()
        await expect(store.applyResponse(unknown, accepted({}), 1)).rejects.toMatchObject({
          code: 'not_found',
        })
      }
    })

    test('extension options and the baseline are returned unchanged', async () => {
      const { store } = current()
      const extensions = [
        { name: 'remove-bg', options: { bg_color: 'ürgs', add_shadow: true, deep: [1, null] } },
      ]
      const baseline = {
        versionId: 'v1',
        versionName: 'Version 1',
        aiTags: { 'google-auto-tagging': ['cat'] },
        description: null,
        tags: ['a', 'b'],
        customMetadata: { size: 4 },
        updatedAt: '2026-01-01T00:00:00.000Z',
        url: 'https://ik.imagekit.io/demo/cat.png',
      }
      const submissionId = await submit(store, [], { extensions })
      await store.applyResponse(submissionId, accepted({ 'remove-bg': 'pending' }, { baseline }), 2_000)

      const found = await store.findSubmission(submissionId)
      expect(found?.submission).toMatchObject({ extensions, baseline })
    })

    test('ImageKit’s response binds the file, settles runs, and adds runs that were not requested', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg', 'ai-tasks', 'google-auto-tagging'])
      const statuses = { 'remove-bg': 'success', 'google-auto-tagging': 'pending', extra: 'failed' } as const
      const responded = await store.applyResponse(submissionId, accepted(statuses), 2_000)

      expect(responded).toMatchObject({
        result: 'applied',
        submission: { state: 'accepted', fileId: FILE_ID, fileName: 'cat_x1.png', requestId: 'request-1' },
      })
      const found = await store.findSubmission(submissionId)
      expect(found?.submission).toEqual(responded.submission)
      expect(found?.runs.map(({ name, status, source }) => [name, status, source])).toEqual([
        ['remove-bg', 'success', 'response'],
        ['ai-tasks', 'pending', 'request'],
        ['google-auto-tagging', 'pending', 'response'],
        ['extra', 'failed', 'response'],
      ])
    })

    test.each(['rejected', 'unconfirmed'] as const)(
      'a submission can be %s, with its error',
      async (kind) => {
        const { store } = current()
        const submissionId = await submit(store, ['remove-bg'])
        await store.applyResponse(submissionId, unaccepted(kind), 2_000)

        const found = await store.findSubmission(submissionId)
        expect(found?.submission).toMatchObject({
          state: kind,
          error: { code: 'imagekit_rejected', message: 'no', status: 400 },
          updatedAt: 2_000,
        })
      },
    )

    test('a response about another file is a conflict and changes nothing', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg'])
      await store.applyResponse(submissionId, accepted({ 'remove-bg': 'pending' }), 2_000)
      const before = await store.findSubmission(submissionId)
      const other = accepted({ 'remove-bg': 'failed' }, { fileId: 'another' })

      expect(await store.applyResponse(submissionId, other, 3_000)).toMatchObject({
        result: 'conflict',
      })
      expect(await store.findSubmission(submissionId)).toEqual(before)
    })

    test('an unconfirmed submission becomes accepted when a webhook for it arrives', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg'])
      await store.applyResponse(submissionId, unaccepted('unconfirmed'), 2_000)
      await store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status: 'success' }))

      const found = await store.findSubmission(submissionId)
      expect(found?.submission).toMatchObject({ state: 'accepted', fileId: FILE_ID, error: null })
    })

    test('unfinished submissions of a dead process become unconfirmed, except external ones', async () => {
      const { store } = current()
      const [abandoned, external, done] = [
        await submit(store, ['remove-bg']),
        await submit(store, ['remove-bg'], { kind: 'external' }),
        await submit(store, ['remove-bg']),
      ]
      await store.applyResponse(done, accepted({ 'remove-bg': 'pending' }), 2_000)

      // This process has never written a heartbeat, so it counts as dead.
      expect(await store.recoverAbandoned(9_000, 9_000)).toEqual({ submissions: 1 })
      expect(await store.recoverAbandoned(9_001, 9_001)).toEqual({ submissions: 0 })
      const states = await Promise.all(
        [abandoned, external, done].map(async (id) => (await store.findSubmission(id))?.submission),
      )
      expect(states).toMatchObject([
        { state: 'unconfirmed', error: { code: 'process_died', status: null }, updatedAt: 9_000 },
        { state: 'submitting', error: null },
        { state: 'accepted', error: null },
      ])
    })

    test('a recovered submission has the time of its recovery as `respondedAt`', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg'])
      await store.recoverAbandoned(9_000, 9_000)
      const [run] = (await store.findSubmission(submissionId))?.runs ?? []
      expect(await store.findRunHistory(run?.runId ?? '')).toMatchObject({ respondedAt: 9_000 })
    })

    test('`respondedAt` is the time of the first response, even if the response changes nothing', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg'])
      const reported = { service: 'remove-bg', status: 'success' } as const
      const { runId } = await store.recordDelivery(newDelivery(submissionId, reported))
      expect(await store.findRunHistory(runId ?? '')).toMatchObject({ respondedAt: null })
      for (const at of [3_000, 4_000]) {
        const responded = await store.applyResponse(submissionId, unaccepted('unconfirmed'), at)
        expect(responded).toMatchObject({ result: 'conflict', submission: { updatedAt: 2_000 } })
        expect(await store.findRunHistory(runId ?? '')).toMatchObject({ respondedAt: 3_000 })
      }
    })
  })
}
