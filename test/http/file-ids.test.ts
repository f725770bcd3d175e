import { expect, test } from 'vitest'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { ask } from '../support/operator.ts'
import { accountEvent, deliverEvent, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { EXTENSIONS, FILE, FILE_NAME, getSubmission, upload } from '../support/uploads.ts'
import { deliver, payload, register } from '../support/webhooks.ts'

/** Invalid file ids: each leads to another address, contains a control character, or is too long. */
const INVALID = ['.', '..', 'a/b', 'a\\b', 'a\u001b[2J', 'a\nb', 'a\u009bb', '', 'status', 'x'.repeat(129)]

async function newestDelivery(tracker: RunningTracker) {
  const { json } = await ask<{ deliveries: { outcome: string; fileId: string | null }[] }>(
    tracker,
    '/deliveries?limit=1',
  )
  return json.deliveries[0]
}

test.each(INVALID)('POST /submissions rejects the fileId %j', async (fileId) => {
  const tracker = await startTracker()
  const body = JSON.stringify({ extensions: [{ name: 'remove-bg' }], fileId })
  const response = await tracker.fetch('/submissions', { method: 'POST', body })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ code: 'invalid_input', errors: [{ field: 'fileId' }] })
})

test.each(INVALID)(
  'the reported response to a direct upload is rejected if it has the fileId %j',
  async (fileId) => {
    const tracker = await startTracker()
    const { submissionId } = await register(tracker, ['remove-bg'], null)
    const body = JSON.stringify({ fileId, extensionStatus: { 'remove-bg': 'success' } })
    const response = await tracker.fetch(`/submissions/${submissionId}/response`, { method: 'PUT', body })
    expect(response.status).toBe(400)
    expect(await getSubmission(tracker, submissionId)).toMatchObject({
      fileId: null,
      extensions: [{ status: 'pending' }],
    })
  },
)

test.each(INVALID)(
  'the caller gets ImageKit’s response with the fileId %j unchanged, and the submission is bound to no file',
  async (fileId) => {
    const text = JSON.stringify(uploadedFile(fileId))
    const imagekit = await startMisbehavingImagekit(async (call) => {
      await call.readForm()
      call.respond(200, text)
    })
    const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url })
    const response = await upload(tracker, [FILE, FILE_NAME, ['extensions', EXTENSIONS]])
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(text)
    expect(response.headers.get('link')).toBeNull()
    const submissionId = response.headers.get('x-submission-id')
    expect(await getSubmission(tracker, submissionId)).toMatchObject({
      state: 'unconfirmed',
      fileId: null,
      extensions: [{ status: 'pending' }],
    })
  },
)

test.each(INVALID)(
  'an extension webhook with the fileId %j is stored as ignored, and binds the submission to no file',
  async (fileId) => {
    const tracker = await startTracker()
    const { submissionId, webhookUrl } = await register(tracker, ['remove-bg'], null)
    const success = { ...payload('remove-bg', 'success'), fileObject: { fileId } }
    const failure = { ...payload('remove-bg', 'failure'), fileId }
    for (const body of [success, failure]) {
      expect(await deliver(webhookUrl, body)).toMatchObject({ status: 200, json: { outcome: 'ignored' } })
      expect(await newestDelivery(tracker)).toMatchObject({ outcome: 'ignored', fileId: null, submissionId })
    }
    expect(await getSubmission(tracker, submissionId)).toMatchObject({
      state: 'submitting',
      fileId: null,
      extensions: [{ status: 'pending' }],
    })
    // The submission is not bound yet, so a result with a valid fileId is applied.
    expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).json).toEqual({ outcome: 'applied' })
  },
)

test.each(INVALID)('an account webhook with the fileId %j is stored as ignored', async (fileId) => {
  const tracker = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET })
  const updated = accountEvent('file-updated', { id: 'evt_1', data: { fileId } })
  const transformed = accountEvent('pre-transform-success', { id: 'evt_2', data: uploadedFile(fileId) })
  for (const body of [updated, transformed]) {
    expect(await deliverEvent(tracker, body)).toMatchObject({ status: 200, json: { outcome: 'ignored' } })
    expect(await newestDelivery(tracker)).toMatchObject({ outcome: 'ignored', fileId: null })
  }
})

test.each(INVALID)(
  'the batch status rejects the fileId %j, and no asset with this fileId is found',
  async (fileId) => {
    const tracker = await startTracker()
    const segment = encodeURIComponent(fileId)
    const batch = await ask(tracker, `/assets/status?fileId=good&fileId=${segment}`)
    expect(batch).toMatchObject({ status: 400, json: { errors: [{ field: 'fileId' }] } })
    // As a path segment, an empty id or a dot segment leads to another address.
    if (['', '.', '..'].includes(fileId)) return
    expect((await ask(tracker, `/assets/${segment}/status`)).status).toBe(404)
    expect((await ask(tracker, `/assets/${segment}/events`)).status).toBe(404)
    // `/assets/status` is the route of the batch status, which has no DELETE.
    const forgotten = await ask(tracker, `/assets/${segment}`, { method: 'DELETE' })
    expect(forgotten.status).toBe(fileId === 'status' ? 405 : 404)
  },
)
