import { expect, test } from 'vitest'
import { unknownIds } from '../contract/facts.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'

function putResponse(tracker: RunningTracker, submissionId: string, response: unknown): Promise<Response> {
  const body = typeof response === 'string' ? response : JSON.stringify(response)
  return tracker.fetch(`/submissions/${submissionId}/response`, { method: 'PUT', body })
}

const get = async (tracker: RunningTracker, submissionId: string): Promise<unknown> =>
  (await tracker.fetch(`/submissions/${submissionId}`)).json()

const accepted = {
  fileId: FILE_ID,
  name: 'shirt.jpg',
  extensionStatus: { 'remove-bg': 'pending', 'ai-tasks': 'success' },
}

test("ImageKit's answer accepts the submission, settles what it settles, and the asset's status is answered", async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  const answer = await putResponse(tracker, submissionId, accepted)
  expect(answer.status).toBe(200)
  const told = (await answer.json()) as { statusUrl: string; eventsUrl: string }
  expect(told).toMatchObject({
    fileId: FILE_ID,
    status: 'pending',
    extensionStatus: { 'remove-bg': 'pending', 'ai-tasks': 'success' },
    extensions: [{ source: 'response' }, { source: 'response', settledAt: expect.any(String) }],
  })
  const { statusUrl, eventsUrl, ...status } = told
  expect(await statusOf(tracker)).toEqual(status)
  expect(answer.headers.get('link')).toBe(`<${statusUrl}>; rel="status", <${eventsUrl}>; rel="events"`)
  const opened = await fetch(statusUrl)
  expect(opened.headers.get('etag')).toBe(answer.headers.get('etag'))
  expect(await get(tracker, submissionId)).toMatchObject({ state: 'accepted', fileId: FILE_ID, statusUrl })
})

test('the same answer again is 200 and changes nothing; one with another fileId is 409', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  await putResponse(tracker, submissionId, accepted)
  const before = await statusOf(tracker)
  expect((await putResponse(tracker, submissionId, accepted)).status).toBe(200)
  expect(await statusOf(tracker)).toEqual(before)

  const other = await putResponse(tracker, submissionId, { ...accepted, fileId: 'another' })
  expect(other.status).toBe(409)
  expect(await other.json()).toMatchObject({ code: 'response_conflict', status: 409 })
  expect(await get(tracker, submissionId)).toMatchObject({ state: 'accepted', fileId: FILE_ID })
  expect((await tracker.fetch('/assets/another/status')).status).toBe(404)
})

test('a fileId that a webhook told first binds as well', async () => {
  const tracker = await startTracker()
  const { submissionId, webhookUrl } = await register(tracker, ['remove-bg'], null)
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  expect((await putResponse(tracker, submissionId, { fileId: 'another' })).status).toBe(409)
  expect((await putResponse(tracker, submissionId, accepted)).status).toBe(200)
  expect((await statusOf(tracker)).extensionStatus['remove-bg']).toBe('success')
})

test('requested but absent from the answer stays pending; answered but not requested makes a run', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'], null)
  await putResponse(tracker, submissionId, { fileId: FILE_ID, extensionStatus: { 'ai-tasks': 'failed' } })
  expect(await statusOf(tracker)).toMatchObject({
    extensionStatus: { 'remove-bg': 'pending', 'ai-tasks': 'failed' },
    extensions: [
      { name: 'remove-bg', source: 'request' },
      { name: 'ai-tasks', source: 'response' },
    ],
  })
})

test("a saved extension's placeholder goes when the answer names what it stood for", async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['saved-extension'], null)
  await putResponse(tracker, submissionId, { fileId: FILE_ID, extensionStatus: { 'ai-tasks': 'pending' } })
  expect((await statusOf(tracker)).extensionStatus).toEqual({ 'ai-tasks': 'pending' })
})

test('an error body rejects the submission; a successful answer afterwards accepts it', async () => {
  const tracker = await startTracker()
  const { submissionId, statusUrl } = await register(tracker, ['remove-bg'], null)
  const refusal = { message: 'Your request is missing file parameter.', help: 'For support …' }
  const answer = await putResponse(tracker, submissionId, refusal)
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({
    submissionId,
    state: 'rejected',
    fileId: null,
    statusUrl,
    error: { message: refusal.message },
  })
  expect((await putResponse(tracker, submissionId, refusal)).status).toBe(200)
  expect((await putResponse(tracker, submissionId, accepted)).status).toBe(200)
  expect(await get(tracker, submissionId)).toMatchObject({ state: 'accepted', fileId: FILE_ID, error: null })
  expect((await putResponse(tracker, submissionId, refusal)).status).toBe(409)
})

test('a rejected submission takes its runs out of the asset, and 200 is answered though nothing is known of it', async () => {
  const tracker = await startTracker()
  const older = await register(tracker, ['remove-bg'], 'known')
  await deliver(older.webhookUrl, {
    service: 'remove-bg',
    status: 'SUCCESS',
    fileObject: { fileId: 'known' },
  })
  const { submissionId } = await register(tracker, ['remove-bg'], 'known')
  expect((await statusOf(tracker, 'known')).status).toBe('pending')
  expect((await putResponse(tracker, submissionId, { message: 'no' })).status).toBe(200)
  expect(await statusOf(tracker, 'known')).toMatchObject({
    status: 'success',
    extensions: [{ submissionId: older.submissionId }],
  })

  const lone = await register(tracker, ['remove-bg'], 'unknown')
  const answer = await putResponse(tracker, lone.submissionId, { message: 'no' })
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ state: 'rejected', fileId: 'unknown' })
  expect((await tracker.fetch('/assets/unknown/status')).status).toBe(404)
})

test('a queued upload is accepted without a fileId, and answers the submission', async () => {
  const tracker = await startTracker()
  const { submissionId, statusUrl } = await register(tracker, ['remove-bg'], null)
  const queued = { message: 'The pre-transformation has been queued successfully.' }
  const answer = await putResponse(tracker, submissionId, queued)
  expect(await answer.json()).toMatchObject({ state: 'accepted', fileId: null, statusUrl })
})

test.each([
  ['{}', '{}'],
  ['a fileId that is no text', '{"fileId":7}'],
  ['an empty fileId', '{"fileId":""}'],
  ['a fileId with half a character', '{"fileId":"a\\ud800"}'],
  ['a list', '[]'],
  ['null', 'null'],
  ['no JSON', 'fileId=x'],
  ['nothing', ''],
])('%s is no answer of ImageKit: 400, and the submission waits on', async (_, body) => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'], null)
  const answer = await putResponse(tracker, submissionId, body)
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ code: 'invalid_input', status: 400 })
  expect(await get(tracker, submissionId)).toMatchObject({ state: 'submitting', fileId: null })
})

test('names of any kind in extensionStatus are names and nothing else', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'], null)
  const body = `{"fileId":"${FILE_ID}","extensionStatus":{"__proto__":"success","constructor":"failed"}}`
  expect((await putResponse(tracker, submissionId, body)).status).toBe(200)
  const { extensionStatus, status } = await statusOf(tracker)
  expect(extensionStatus['remove-bg']).toBe('pending')
  expect(Object.entries(extensionStatus)).toContainEqual(['constructor', 'failed'])
  expect(status).toBe('pending')
})

test('ids that no submission has are 404 for a key', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'])
  const others = unknownIds(submissionId).map(encodeURIComponent)
  for (const id of [...others, '01a20dfa-f8d2-7469-b0bb-28bcbdd3de98', '%00', '__proto__']) {
    expect((await tracker.fetch(`/submissions/${id}`)).status).toBe(404)
    const answer = await putResponse(tracker, id, accepted)
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ code: 'not_found' })
  }
})
