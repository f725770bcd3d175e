import { expect, test } from 'vitest'
import { startReceiver } from '../support/receiver.ts'
import { accountEvent, deliverEvent, ikHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { statusOf } from '../support/webhooks.ts'
import {
  AWS_TAG,
  movingClock,
  reconcileNow,
  startLibrary,
  uploadWith,
  WITHOUT_RECONCILER,
} from './reconcile-setup.ts'

/** Starts a tracker with a run that has expired without evidence. The caller of its upload has a webhookUrl. */
async function startExpired() {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const receiver = await startReceiver()
  const env = { ...WITHOUT_RECONCILER, ...library.env, ALLOW_PRIVATE_TARGETS: 'true', EXPIRE_AFTER: '25h' }
  const tracker = await startTracker({ ...env, IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }, { clock })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'], { webhookUrl: receiver.url })
  advance(26 * 3_600_000)
  expect((await reconcileNow(tracker)).runs).toMatchObject([{ fileId, finding: 'timed_out' }])
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'expired' })
  const sendEvent = (name: string, id: string) => {
    const body = accountEvent(name, { id, data: { fileId } })
    return deliverEvent(tracker, body, ikHeaders(body, { at: clock() }))
  }
  return { tracker, library, receiver, fileId, sendEvent }
}

async function reconcileForFindings(tracker: RunningTracker): Promise<string[]> {
  return (await reconcileNow(tracker)).runs.map(({ finding }) => finding)
}

test('after an event about its file, an expired run is settled by evidence, and its caller is notified', async () => {
  const { tracker, library, receiver, fileId, sendEvent } = await startExpired()
  library.change(fileId, AWS_TAG)
  expect(await reconcileForFindings(tracker)).toEqual([])
  expect((await sendEvent('file-updated', 'evt_1')).json).toEqual({ outcome: 'applied' })
  expect(await reconcileForFindings(tracker)).toEqual(['evidence'])
  expect(await statusOf(tracker, fileId)).toMatchObject({
    status: 'success',
    extensions: [{ source: 'reconcile', settledAt: expect.any(String) }],
  })
  await expect
    .poll(() => receiver.requests.map(({ body }) => JSON.parse(body)))
    .toMatchObject([{ service: 'aws-auto-tagging', status: 'SUCCESS', fileObject: { fileId } }])
})

test('after each event about a change of its file, an expired run is checked once, and it stays expired without evidence', async () => {
  const { tracker, library, fileId, sendEvent } = await startExpired()
  for (const id of ['evt_1', 'evt_2']) {
    await sendEvent('file-version-created', id)
    expect(await reconcileForFindings(tracker)).toEqual(['unchanged'])
    expect(await reconcileForFindings(tracker)).toEqual([])
  }
  library.files.delete(fileId)
  await sendEvent('file-deleted', 'evt_3')
  // The finding is not `asset_gone`, because the run has already expired.
  expect(await reconcileForFindings(tracker)).toEqual(['unchanged'])
  expect(await reconcileForFindings(tracker)).toEqual([])
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'expired' })
})

test('a file.created event, which follows every upload, is ignored, and no expired run is checked', async () => {
  const { tracker, library, fileId, sendEvent } = await startExpired()
  library.change(fileId, AWS_TAG)
  expect((await sendEvent('file-created', 'evt_1')).json).toEqual({ outcome: 'ignored' })
  expect(await reconcileForFindings(tracker)).toEqual([])
})
