import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import {
  accountEvent,
  deliverEvent,
  QUEUED_REQUEST,
  standardHeaders,
  WEBHOOK_SECRET,
} from '../support/signed-webhooks.ts'
import { IMAGEKIT_KEY, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { FILE, FILE_NAME, getSubmission, upload } from '../support/uploads.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'

const ENV = { IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }
const EVENT_NAMES = readdirSync(new URL('../fixtures/webhooks', import.meta.url)).flatMap(
  (file) => /^account-(.*)\.json$/.exec(file)?.[1] ?? [],
)
const EXTENSIONS = ['extensions', '[{"name":"ai-auto-description"},{"name":"remove-bg"}]'] as const

/**
 * Starts a tracker and an ImageKit that queues each upload, and responds with the request id of the fixtures. `queue` uploads a file
 * and returns the id of its submission.
 */
async function startQueued() {
  const { url } = await startMisbehavingImagekit(async (call) => {
    const body = { message: 'The pre-transformation has been queued successfully.' }
    if (await call.readToEnd()) call.respond(202, body, { 'x-ik-requestid': QUEUED_REQUEST })
  })
  const tracker = await startTracker({ ...ENV, IMAGEKIT_UPLOAD_URL: url, IMAGEKIT_API_URL: url })
  const queue = async () => {
    const response = await upload(tracker, [FILE, FILE_NAME, [...EXTENSIONS]])
    expect(response.status).toBe(202)
    return response.headers.get('x-submission-id')
  }
  return { tracker, queue }
}

test.each(EVENT_NAMES)(
  '%s for an unknown file or upload is stored as ignored, and its repeat is a duplicate',
  async (name) => {
    const tracker = await startTracker(ENV)
    const body = accountEvent(name)
    expect(await deliverEvent(tracker, body)).toMatchObject({ status: 200, json: { outcome: 'ignored' } })
    expect(await deliverEvent(tracker, body)).toMatchObject({ status: 200, json: { outcome: 'duplicate' } })
    await tracker.service.stop()
    const stored = await readRows<{ body: Buffer }>(
      tracker.database,
      'SELECT route, outcome, signature, event_id AS id, body FROM deliveries JOIN delivery_bodies USING (n) ORDER BY n',
    )
    const row = { route: 'account', signature: 'valid', body }
    expect(stored.map((delivery) => ({ ...delivery, body: delivery.body.toString() }))).toEqual([
      { ...row, outcome: 'ignored', id: JSON.parse(body).id },
      // Only the first delivery of an event has its id, which is unique.
      { ...row, outcome: 'duplicate', id: null },
    ])
  },
)

test('an event without an id of its own is identified by the signed webhook-id', async () => {
  const tracker = await startTracker(ENV)
  const body = accountEvent('file-updated', { id: undefined })
  const send = (id: string) => deliverEvent(tracker, body, standardHeaders(body, { id }))
  expect((await send('msg_1')).json).toEqual({ outcome: 'ignored' })
  expect((await send('msg_1')).json).toEqual({ outcome: 'duplicate' })
  expect((await send('msg_2')).json).toEqual({ outcome: 'ignored' })
})

test('an event for a file with a pending run is applied but settles nothing by itself; after the run has settled, such an event is ignored', async () => {
  const tracker = await startTracker(ENV)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const event = (id: string) => deliverEvent(tracker, accountEvent('file-version-created', { id }))
  expect((await event('1')).json).toEqual({ outcome: 'applied' })
  expect((await statusOf(tracker)).status).toBe('pending')
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  expect((await event('2')).json).toEqual({ outcome: 'ignored' })
})

test('an event about a changed file makes the tracker look for evidence, which settles the run long before it is overdue', async () => {
  const { tracker, sandboxUrl } = await startTrackerAndSandbox({
    ...ENV,
    RECONCILE_EVERY: '20ms',
    RECONCILE_AFTER: '1h',
  })
  const response = await upload(tracker, [
    FILE,
    FILE_NAME,
    ['extensions', '[{"name":"aws-auto-tagging","minConfidence":10,"maxTags":5}]'],
    ['tags', 'sandbox:webhook=drop,sandbox:delay=10'],
  ])
  const { fileId } = (await response.json()) as { fileId: string }
  const details = async (): Promise<unknown> => {
    const authorization = `Basic ${btoa(`${IMAGEKIT_KEY}:`)}`
    return (await fetch(`${sandboxUrl}/v1/files/${fileId}/details`, { headers: { authorization } })).json()
  }
  await expect.poll(details).toMatchObject({ AITags: [{ source: 'aws-auto-tagging' }] })
  expect((await statusOf(tracker, fileId)).extensions).toMatchObject([
    { status: 'pending', source: 'response' },
  ])

  const event = accountEvent('file-updated', { data: { fileId } })
  expect((await deliverEvent(tracker, event)).json).toEqual({ outcome: 'applied' })
  await expect
    .poll(async () => (await statusOf(tracker, fileId)).extensions)
    .toMatchObject([{ status: 'success', source: 'reconcile' }])
})

test('the event at the end of a queued upload binds the submission to its file and applies the statuses of its extensions', async () => {
  const { tracker, queue } = await startQueued()
  const submissionId = await queue()
  expect(await getSubmission(tracker, submissionId)).toMatchObject({ state: 'accepted', fileId: null })
  const event = accountEvent('pre-transform-success')
  expect((await deliverEvent(tracker, event)).json).toEqual({ outcome: 'applied' })
  expect(await getSubmission(tracker, submissionId)).toMatchObject({ state: 'accepted', fileId: FILE_ID })
  expect((await statusOf(tracker)).extensionStatus).toMatchObject({
    'ai-auto-description': 'success',
    'remove-bg': 'pending',
  })
  expect((await deliverEvent(tracker, event)).json).toEqual({ outcome: 'duplicate' })
})

test('a queued upload whose pre-transformation failed is rejected with the reason', async () => {
  const { tracker, queue } = await startQueued()
  const submissionId = await queue()
  const event = accountEvent('pre-transform-error')
  expect((await deliverEvent(tracker, event)).json).toEqual({ outcome: 'applied' })
  expect(await getSubmission(tracker, submissionId)).toMatchObject({
    state: 'rejected',
    error: { code: 'pre_transformation_failed', message: expect.stringContaining('encoding_failed') },
  })
})

test('the event at the end of a queued upload may arrive before the response that contains its request id', async () => {
  const { tracker, queue } = await startQueued()
  const event = accountEvent('pre-transform-success')
  expect((await deliverEvent(tracker, event)).json).toEqual({ outcome: 'ignored' })
  const submissionId = await queue()
  expect(await getSubmission(tracker, submissionId)).toMatchObject({ fileId: FILE_ID })
})
