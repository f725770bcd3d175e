import { describe, expect, test } from 'vitest'
import type { UploadResponse } from '../../src/domain/upload-response.ts'
import { accepted, FILE_ID, newAccountDelivery, newDelivery, unaccepted } from './builders.ts'
import { submit as submitTo } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

/** How a queued upload ended, as an account webhook reports it. */
type UploadEnd = UploadResponse & { kind: 'accepted' | 'rejected' }

const FAILURE = { code: 'pre_transformation_failed', message: 'too long', status: null }
const QUEUED = accepted({}, { fileId: null })

export function describeEarlyEvents(current: () => StoreFixture): void {
  const submit = (...names: string[]) => submitTo(current().store, names)
  /** The store does not read the `type` of the event, so all have the same one. */
  const reportEnd = (eventId: string, response: UploadEnd) =>
    current().store.recordAccountDelivery(
      newAccountDelivery({
        kind: 'upload_finished',
        eventId,
        type: 'upload.pre-transform.success',
        requestId: 'request-1',
        response,
      }),
    )
  const statusesOf = async (id: string) => {
    const found = await current().store.findSubmission(id)
    return Object.fromEntries(found?.runs.map((run) => [run.name, run.status]) ?? [])
  }

  describe('an event that reports the end of an upload before the upload’s request id is known', () => {
    test('is applied together with a response without a file, even if a webhook has already named the file', async () => {
      const id = await submit('remove-bg', 'ai-tasks')
      await current().store.recordDelivery(newDelivery(id, { service: 'ai-tasks', status: 'success' }))
      expect(await reportEnd('event-1', accepted({ 'remove-bg': 'success' }))).toMatchObject({
        outcome: 'ignored',
      })
      await current().store.applyResponse(id, QUEUED, 3_000)
      expect(await statusesOf(id)).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'success' })
    })

    test('is applied together with an unclear response that contains the request id', async () => {
      const id = await submit('remove-bg')
      await reportEnd('event-1', accepted({ 'remove-bg': 'success' }))
      const unclear = { ...unaccepted('unconfirmed'), requestId: 'request-1' }
      const { submission } = await current().store.applyResponse(id, unclear, 3_000)
      expect(submission).toMatchObject({ state: 'accepted', fileId: FILE_ID, error: null })
      expect(await statusesOf(id)).toEqual({ 'remove-bg': 'success' })
    })

    test('is applied together with the response, and claims a webhook for an extension that only the event names', async () => {
      const id = await submit('remove-bg')
      const result = { service: 'ai-tasks', status: 'failed', error: { code: 'E1' } } as const
      const { deliveryId } = await current().store.recordDelivery(newDelivery(id, result))
      await reportEnd('event-1', accepted({ 'ai-tasks': 'pending' }))
      await current().store.applyResponse(id, QUEUED, 3_000)
      const found = await current().store.findSubmission(id)
      const claimedRun = { name: 'ai-tasks', status: 'failed', source: 'webhook', error: { code: 'E1' } }
      expect(found?.runs).toMatchObject([{ name: 'remove-bg', status: 'pending' }, claimedRun])
      const claimed = { outcome: 'applied', cause: null, runId: found?.runs[1]?.runId }
      expect(await current().store.findDelivery(deliveryId ?? '')).toMatchObject(claimed)
    })

    test('is no longer applied once its body is pruned, because pruning also deletes the content of the event', async () => {
      const id = await submit('remove-bg')
      const { deliveryId } = await reportEnd('event-1', accepted({ 'remove-bg': 'success' }))
      expect(await withLease(current().store).pruneBodies(1_000_000, 10, null)).toMatchObject({ pruned: 1 })
      await current().store.applyResponse(id, QUEUED, 3_000)
      expect(await statusesOf(id)).toEqual({ 'remove-bg': 'pending' })
      expect(await current().store.findDelivery(deliveryId ?? '')).toMatchObject({
        outcome: 'ignored',
        submissionId: null,
        body: null,
      })
    })

    test('is applied after those about the same upload that arrived earlier', async () => {
      const id = await submit('remove-bg')
      const ends: UploadEnd[] = [
        { kind: 'rejected', requestId: 'request-1', error: FAILURE },
        accepted({ 'remove-bg': 'success' }),
        accepted({ 'remove-bg': 'failed' }, { fileId: 'another' }),
      ]
      const deliveryIds: string[] = []
      for (const [index, response] of ends.entries())
        deliveryIds.push((await reportEnd(`event-${index}`, response)).deliveryId ?? '')
      await current().store.applyResponse(id, QUEUED, 3_000)
      expect(await statusesOf(id)).toEqual({ 'remove-bg': 'success' })
      const found = await current().store.findSubmission(id)
      expect(found?.submission).toMatchObject({ state: 'accepted', fileId: FILE_ID })
      const claimed = await Promise.all(deliveryIds.map((one) => current().store.findDelivery(one)))
      // Once a submission has a file, it can't get another.
      expect(claimed.map((one) => one?.outcome)).toEqual(['applied', 'applied', 'ignored'])
    })
  })

  test('the first webhook that waited for the response to a queued upload binds the submission to the file that it names', async () => {
    const id = await submit('remove-bg')
    const deliverResult = (service: string, fileId: string) =>
      current().store.recordDelivery(newDelivery(id, { service, status: 'success', fileId }))
    await deliverResult('ai-tasks', 'the first')
    await deliverResult('google-auto-tagging', 'another')
    const both = { 'google-auto-tagging': 'pending', 'ai-tasks': 'pending' } as const
    const { submission } = await current().store.applyResponse(id, accepted(both, { fileId: null }), 3_000)

    expect(submission).toMatchObject({ state: 'accepted', fileId: 'the first' })
    expect(await statusesOf(id)).toEqual({
      'remove-bg': 'pending',
      'google-auto-tagging': 'pending',
      'ai-tasks': 'success',
    })
    expect(await deliverResult('remove-bg', 'another')).toMatchObject({
      outcome: 'ignored',
      cause: 'other_file',
    })
  })
}
