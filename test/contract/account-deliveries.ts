import { describe, expect, test } from 'vitest'
import type { AccountEvent } from '../../src/domain/account-event.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
import type { UploadResponse } from '../../src/domain/upload-response.ts'
import {
  accepted,
  BASELINE,
  EVIDENCE,
  FILE_ID,
  newAccountDelivery,
  newDelivery,
  unaccepted,
} from './builders.ts'
import { applyFinding, submit as submitTo, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

/** The fields of a result that names no file and no run, except its outcome. */
const NO_FILE_OR_RUN = { deliveryId: expect.any(String), cause: null, fileId: null, runId: null }
const FAILED: UploadResponse & { kind: 'rejected' } = {
  kind: 'rejected',
  requestId: 'request-1',
  error: { code: 'pre_transformation_failed', message: 'too long', status: null },
}

export function describeAccountDeliveries(current: () => StoreFixture): void {
  const submit = (names: string[], facts: Partial<NewSubmission> = {}) =>
    submitTo(current().store, names, facts)
  /** Submits an upload that ImageKit has queued: its response names no file yet. */
  const submitQueued = async (...names: string[]) => {
    const id = await submit(names)
    await current().store.applyResponse(id, accepted({}, { fileId: null }), 1_500)
    return id
  }
  const deliver = (event: AccountEvent, receivedAt?: number) =>
    current().store.recordAccountDelivery(newAccountDelivery(event, receivedAt))
  const aboutFile = (eventId: string | null, fileId = FILE_ID): AccountEvent => {
    return { kind: 'asset', eventId, type: 'file.updated', fileId }
  }
  const finished = (
    eventId: string,
    response: UploadResponse & { kind: 'accepted' | 'rejected' },
    requestId = 'request-1',
  ): AccountEvent => ({
    kind: 'upload_finished',
    eventId,
    // Any type will do, also for a failure: the store reads the result from `response`.
    type: 'upload.pre-transform.success',
    requestId,
    response,
  })
  const listDueAt = async (now: number) =>
    (await current().store.listDue(now, 100)).map(({ run }) => [run.submissionId, run.name])

  describe('an event about an asset', () => {
    test('makes the pending runs of several submissions of the asset due, and no others', async () => {
      const first = await submit(['remove-bg', 'ai-tasks'], { fileId: FILE_ID })
      const second = await submit(['remove-bg'], { fileId: FILE_ID })
      await submit(['remove-bg'], { fileId: 'another' })
      await current().store.recordDelivery(newDelivery(first, { service: 'ai-tasks', status: 'success' }))

      expect(await deliver(aboutFile('event-1'), 5_000)).toEqual({ outcome: 'applied', ...NO_FILE_OR_RUN })
      expect(await listDueAt(4_999)).toEqual([])
      expect(await listDueAt(5_000)).toEqual([
        [first, 'remove-bg'],
        [second, 'remove-bg'],
      ])
    })

    test('does not make the runs of a rejected submission due', async () => {
      const rejected = await submit(['remove-bg'], { fileId: FILE_ID })
      await current().store.applyResponse(rejected, unaccepted('rejected'), 2_000)
      expect(await deliver(aboutFile('event-1'), 5_000)).toMatchObject({ outcome: 'ignored' })
      expect(await listDueAt(1_000_000)).toEqual([])
    })

    test('brings forward the due time of runs that would be due later', async () => {
      const id = await submit(['remove-bg'], { fileId: FILE_ID })
      const other = await submit(['remove-bg'], { fileId: 'another' })
      await sweep(current().store)
      for (const submissionId of [id, other]) {
        const runId = (await current().store.findSubmission(submissionId))?.runs[0]?.runId ?? ''
        await applyFinding(current().store, runId, { kind: 'unchanged', dueAt: 60_000 }, 4_000)
      }
      expect(await deliver(aboutFile('event-1'), 5_000)).toMatchObject({ outcome: 'applied' })
      expect(await listDueAt(4_999)).toEqual([])
      expect(await listDueAt(59_999)).toEqual([[id, 'remove-bg']])
      // A later sweep does not change due times.
      await sweep(current().store)
      expect(await listDueAt(59_999)).toEqual([[id, 'remove-bg']])
    })

    test('makes expired runs due once, so that evidence can still settle them', async () => {
      const id = await submit(['remove-bg', 'ai-tasks'], {
        fileId: FILE_ID,
        callerWebhookUrl: 'https://a.example',
      })
      const [run, other] = (await current().store.findSubmission(id))?.runs ?? []
      await sweep(current().store)
      for (const unsettled of [run, other])
        await applyFinding(current().store, unsettled?.runId ?? '', { kind: 'timed_out' }, 3_000)
      expect(await listDueAt(1_000_000)).toEqual([])
      expect(await deliver(aboutFile('event-1'), 5_000)).toEqual({ outcome: 'applied', ...NO_FILE_OR_RUN })
      expect(await listDueAt(4_999)).toEqual([])
      expect(await listDueAt(5_000)).toEqual([
        [id, 'remove-bg'],
        [id, 'ai-tasks'],
      ])
      await applyFinding(current().store, run?.runId ?? '', EVIDENCE, 6_000)
      await applyFinding(current().store, other?.runId ?? '', { kind: 'unchanged', dueAt: null }, 6_000)
      expect(await listDueAt(1_000_000)).toEqual([])
      expect((await current().store.findSubmission(id))?.runs).toMatchObject([
        { status: 'success', source: 'reconcile', evidence: EVIDENCE.evidence },
        { status: 'expired', source: 'expiry' },
      ])
      const { due } = await current().store.listDueNotifications(9_000, { perHost: 10, after: null })
      expect(due.map(({ notificationId }) => notificationId)).toContain(`msg_${run?.runId}`)
    })

    test('does not delay a run that is already due', async () => {
      const early = await submit(['remove-bg'], { fileId: FILE_ID, at: 1_000 })
      const late = await submit(['remove-bg'], { fileId: 'another', at: 3_000 })
      await sweep(current().store)
      expect(await deliver(aboutFile('event-1'), 5_000)).toMatchObject({ outcome: 'applied' })
      expect(await listDueAt(9_000)).toEqual([
        [early, 'remove-bg'],
        [late, 'remove-bg'],
      ])
    })

    test('is ignored if all runs of the asset are settled, and for an unknown asset', async () => {
      const id = await submit(['remove-bg'], { fileId: FILE_ID })
      await current().store.recordDelivery(newDelivery(id, { service: 'remove-bg', status: 'success' }))
      expect(await deliver(aboutFile('event-1'))).toEqual({ outcome: 'ignored', ...NO_FILE_OR_RUN })
      expect(await deliver(aboutFile('event-2', 'unknown file'))).toEqual({
        outcome: 'ignored',
        ...NO_FILE_OR_RUN,
      })
    })
  })

  describe('an account event', () => {
    test('takes effect only once, even after a restart, because its id is stored', async () => {
      const id = await submit(['remove-bg'], { fileId: FILE_ID })
      expect(await deliver(aboutFile('event-1'), 5_000)).toMatchObject({ outcome: 'applied' })
      const [due] = await current().store.listDue(5_000, 10)
      await applyFinding(current().store, due?.run.runId ?? '', { kind: 'unchanged', dueAt: 70_000 }, 5_000)

      expect(await deliver(aboutFile('event-1'), 6_000)).toEqual({ outcome: 'duplicate', ...NO_FILE_OR_RUN })
      const store = await current().reopen()
      const again = newAccountDelivery(aboutFile('event-1'), 7_000)
      expect(await store.recordAccountDelivery(again)).toMatchObject({ outcome: 'duplicate' })
      expect(await store.listDue(69_999, 10)).toEqual([])
      const other = newAccountDelivery(aboutFile('event-2'), 8_000)
      expect(await store.recordAccountDelivery(other)).toMatchObject({ outcome: 'applied' })
      expect(await store.listDue(8_000, 10)).toMatchObject([{ run: { submissionId: id } }])
    })

    test('takes effect once if it arrives many times at the same time', async () => {
      await submit(['remove-bg'], { fileId: FILE_ID })
      const recorded = await Promise.all(Array.from({ length: 50 }, () => deliver(aboutFile('event-1'))))
      expect(recorded.filter(({ outcome }) => outcome === 'applied')).toHaveLength(1)
      expect(recorded.filter(({ outcome }) => outcome === 'duplicate')).toHaveLength(49)
    })

    test('is never treated as a duplicate if it has no id', async () => {
      await submit(['remove-bg'], { fileId: FILE_ID })
      for (let count = 0; count < 2; count++)
        expect(await deliver(aboutFile(null))).toMatchObject({ outcome: 'applied' })
    })

    test('of an unknown kind is stored as ignored, and if it has an id, its repetition as a duplicate', async () => {
      const other: AccountEvent = { kind: 'other', eventId: 'event-1', type: 'video.transformation.ready' }
      expect(await deliver(other)).toEqual({ outcome: 'ignored', ...NO_FILE_OR_RUN })
      expect(await deliver(other)).toEqual({ outcome: 'duplicate', ...NO_FILE_OR_RUN })
      const withoutId: AccountEvent = { kind: 'other', eventId: null, type: null }
      for (let count = 0; count < 2; count++)
        expect(await deliver(withoutId)).toMatchObject({ outcome: 'ignored' })
    })
  })

  describe('the event that ends a queued upload', () => {
    test('is treated as the response: it names the file, sets the baseline and settles runs', async () => {
      const id = await submitQueued('remove-bg', 'ai-tasks')
      const response = accepted({ 'remove-bg': 'success' }, { baseline: BASELINE })
      expect(await deliver(finished('event-1', response), 3_000)).toEqual({
        ...NO_FILE_OR_RUN,
        outcome: 'applied',
        fileId: FILE_ID,
        submissionId: id,
      })
      const found = await current().store.findSubmission(id)
      expect(found?.submission).toMatchObject({ state: 'accepted', fileId: FILE_ID, baseline: BASELINE })
      expect(found?.runs).toMatchObject([
        { name: 'remove-bg', status: 'success', source: 'response', settledAt: 3_000 },
        { name: 'ai-tasks', status: 'pending' },
      ])
      expect((await current().store.findAsset(FILE_ID))?.runs).toHaveLength(2)
    })

    test('rejects the submission if the upload failed, and its runs are no longer due', async () => {
      const id = await submitQueued('remove-bg')
      await sweep(current().store)
      expect(await listDueAt(1_000_000)).toEqual([[id, 'remove-bg']])
      const recorded = { outcome: 'applied', ...NO_FILE_OR_RUN, submissionId: id }
      expect(await deliver(finished('event-1', FAILED))).toEqual(recorded)
      const found = await current().store.findSubmission(id)
      expect(found?.submission).toMatchObject({ state: 'rejected', error: FAILED.error })
      expect(await listDueAt(1_000_000)).toEqual([])
    })

    test('sets the baseline even if a webhook has already named the file', async () => {
      const id = await submitQueued('remove-bg', 'ai-tasks')
      await current().store.recordDelivery(newDelivery(id, { service: 'ai-tasks', status: 'success' }))
      const response = accepted({ 'remove-bg': 'pending' }, { baseline: BASELINE })
      expect(await deliver(finished('event-1', response))).toMatchObject({
        outcome: 'applied',
        fileId: FILE_ID,
      })
      const found = await current().store.findSubmission(id)
      expect(found?.submission.baseline).toEqual(BASELINE)
      expect(found?.runs.map(({ status }) => status)).toEqual(['pending', 'success'])
    })

    test.each([
      ['the file', accepted({ 'remove-bg': 'failed' }), { state: 'accepted', fileId: FILE_ID }],
      ['the failure', FAILED, { state: 'rejected', error: FAILED.error }],
    ] as const)(
      'that arrives before the response and reports %s is applied together with the response',
      async (_, response, expected) => {
        const id = await submit(['remove-bg'])
        expect(await deliver(finished('event-1', response))).toMatchObject({
          outcome: 'ignored',
          fileId: null,
        })
        const queued = accepted({}, { fileId: null })
        const responded = await current().store.applyResponse(id, queued, 3_000)

        expect(responded).toMatchObject({ result: 'applied', submission: expected })
        expect((await current().store.findSubmission(id))?.submission).toEqual(responded.submission)
        const again = await current().store.applyResponse(id, queued, 4_000)
        expect(again.submission).toEqual(responded.submission)
      },
    )

    test('belongs to the first submission with its request id, and the next such event to the second', async () => {
      const first = await submitQueued('remove-bg')
      const second = await submitQueued('remove-bg')
      const response = accepted({ 'remove-bg': 'success' }, { baseline: BASELINE })
      const applied = { outcome: 'applied', fileId: FILE_ID }
      expect(await deliver(finished('event-1', response))).toMatchObject({ ...applied, submissionId: first })
      expect((await current().store.findSubmission(second))?.submission.fileId).toBeNull()
      expect(await deliver(finished('event-2', response))).toMatchObject({ ...applied, submissionId: second })
      expect(await deliver(finished('event-3', response))).toMatchObject({ outcome: 'ignored' })
    })

    test('is ignored for an unknown request id, and for an upload that was not queued', async () => {
      const queued = await submitQueued('remove-bg')
      const done = await submit(['remove-bg'])
      const response = accepted({ 'remove-bg': 'pending' }, { requestId: 'request-2', baseline: BASELINE })
      await current().store.applyResponse(done, response, 1_500)
      const findBoth = () => Promise.all([queued, done].map((id) => current().store.findSubmission(id)))
      const before = await findBoth()

      expect(await deliver(finished('event-1', FAILED, 'request-3'))).toMatchObject({ outcome: 'ignored' })
      expect(await deliver(finished('event-2', FAILED, 'request-2'))).toMatchObject({ outcome: 'ignored' })
      expect(await findBoth()).toEqual(before)
    })
  })
}
