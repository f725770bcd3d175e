import { expect, test } from 'vitest'
import { unknownIds } from '../contract/builders.ts'
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

test("a caller that reports ImageKit's response gets the asset's status; the submission becomes accepted, and a run is settled", async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  const response = await putResponse(tracker, submissionId, accepted)
  expect(response.status).toBe(200)
  const returned = (await response.json()) as { statusUrl: string; eventsUrl: string }
  expect(returned).toMatchObject({
    fileId: FILE_ID,
    status: 'pending',
    extensionStatus: { 'remove-bg': 'pending', 'ai-tasks': 'success' },
    extensions: [{ source: 'response' }, { source: 'response', settledAt: expect.any(String) }],
  })
  const { statusUrl, eventsUrl, ...status } = returned
  expect(await statusOf(tracker)).toEqual(status)
  expect(response.headers.get('link')).toBe(`<${statusUrl}>; rel="status", <${eventsUrl}>; rel="events"`)
  const opened = await fetch(statusUrl)
  expect(opened.headers.get('etag')).toBe(response.headers.get('etag'))
  expect(await get(tracker, submissionId)).toMatchObject({ state: 'accepted', fileId: FILE_ID, statusUrl })
})

test('the same response again gets 200 and changes nothing; one with another fileId gets 409', async () => {
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

test('a fileId from an earlier webhook also binds the submission', async () => {
  const tracker = await startTracker()
  const { submissionId, webhookUrl } = await register(tracker, ['remove-bg'], null)
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  expect((await putResponse(tracker, submissionId, { fileId: 'another' })).status).toBe(409)
  expect((await putResponse(tracker, submissionId, accepted)).status).toBe(200)
  expect((await statusOf(tracker)).extensionStatus['remove-bg']).toBe('success')
})

test('a requested extension that is absent from the response stays pending; an additional one gets a run', async () => {
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

test("a saved extension's placeholder is removed when the response names the real extension", async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['saved-extension'], null)
  await putResponse(tracker, submissionId, { fileId: FILE_ID, extensionStatus: { 'ai-tasks': 'pending' } })
  expect((await statusOf(tracker)).extensionStatus).toEqual({ 'ai-tasks': 'pending' })
})

test('an error body rejects the submission; a later success response accepts it', async () => {
  const tracker = await startTracker()
  const { submissionId, statusUrl } = await register(tracker, ['remove-bg'], null)
  const rejection = { message: 'Your request is missing file parameter.', help: 'For support …' }
  const response = await putResponse(tracker, submissionId, rejection)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    submissionId,
    state: 'rejected',
    fileId: null,
    statusUrl,
    error: { message: rejection.message },
  })
  expect((await putResponse(tracker, submissionId, rejection)).status).toBe(200)
  expect((await putResponse(tracker, submissionId, accepted)).status).toBe(200)
  expect(await get(tracker, submissionId)).toMatchObject({ state: 'accepted', fileId: FILE_ID, error: null })
  expect((await putResponse(tracker, submissionId, rejection)).status).toBe(409)
})

test('the runs of a rejected submission no longer count for the asset, even if no others remain', async () => {
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

  const onlyOne = await register(tracker, ['remove-bg'], 'unknown')
  const response = await putResponse(tracker, onlyOne.submissionId, { message: 'no' })
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ state: 'rejected', fileId: 'unknown' })
  expect((await tracker.fetch('/assets/unknown/status')).status).toBe(404)
})

test('a queued upload is accepted without a fileId, and the submission is returned', async () => {
  const tracker = await startTracker()
  const { submissionId, statusUrl } = await register(tracker, ['remove-bg'], null)
  const queued = { message: 'The pre-transformation has been queued successfully.' }
  const response = await putResponse(tracker, submissionId, queued)
  expect(await response.json()).toMatchObject({ state: 'accepted', fileId: null, statusUrl })
})

test.each([
  ['{}', '{}'],
  ['a fileId that is not a string', '{"fileId":7}'],
  ['an empty fileId', '{"fileId":""}'],
  ['a fileId with a lone surrogate', '{"fileId":"a\\ud800"}'],
  ['a list', '[]'],
  ['null', 'null'],
  ['no JSON', 'fileId=x'],
  ['nothing', ''],
])('%s is not a response of ImageKit: it gets 400, and the submission stays submitting', async (_, body) => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'], null)
  const response = await putResponse(tracker, submissionId, body)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ code: 'invalid_input', status: 400 })
  expect(await get(tracker, submissionId)).toMatchObject({ state: 'submitting', fileId: null })
})

test('an extensionStatus may contain any names, such as __proto__', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'], null)
  const body = `{"fileId":"${FILE_ID}","extensionStatus":{"__proto__":"success","constructor":"failed"}}`
  expect((await putResponse(tracker, submissionId, body)).status).toBe(200)
  const { extensionStatus, status } = await statusOf(tracker)
  expect(extensionStatus['remove-bg']).toBe('pending')
  expect(Object.entries(extensionStatus)).toContainEqual(['constructor', 'failed'])
  expect(status).toBe('pending')
})

test('a caller with a valid API key gets 404 for an unknown submission id', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'])
  const others = unknownIds(submissionId).map(encodeURIComponent)
  for (const id of [...others, '01a20dfa-f8d2-7469-b0bb-28bcbdd3de98', '%00', '__proto__']) {
    expect((await tracker.fetch(`/submissions/${id}`)).status).toBe(404)
    const response = await putResponse(tracker, id, accepted)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ code: 'not_found' })
  }
})
