import { expect, test } from 'vitest'
import { startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { accountEvent, deliverEvent, QUEUED_REQUEST, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { ADMIN_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { EXTENSIONS, FILE, FILE_NAME, upload } from '../support/uploads.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'
import { openEvents } from './status-server.ts'

const accepted = { fileId: FILE_ID, extensionStatus: { 'remove-bg': 'pending', 'ai-tasks': 'pending' } }

async function putResponse(
  tracker: RunningTracker,
  submissionId: string,
  imagekitResponse: object,
): Promise<void> {
  const response = await tracker.fetch(`/submissions/${submissionId}/response`, {
    method: 'PUT',
    body: JSON.stringify(imagekitResponse),
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
}

const getJson = async (url: string) => (await fetch(url)).json()

const dataOf = (stream: { events(): { data: string }[] }) =>
  stream.events().map(({ data }) => JSON.parse(data))

/** Starts a request that waits. `hasResponse` returns whether its response has arrived. */
function startWaiting(url: string, headers: Record<string, string> = {}) {
  let hasResponse = false
  const pending = fetch(url, { headers }).then((response) => {
    hasResponse = true
    return response
  })
  return { response: pending, hasResponse: () => hasResponse }
}

test('events stream the submission until its fileId is known, then the asset until nothing is pending', async () => {
  const tracker = await startTracker()
  const registered = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  const stream = await openEvents(registered.eventsUrl)
  expect(stream.response.statusCode).toBe(200)
  expect(stream.response.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'access-control-allow-origin': '*',
  })
  await stream.received(1)
  const first = await fetch(registered.statusUrl)
  expect(stream.events()).toEqual([
    { event: 'status', id: first.headers.get('etag'), data: await first.text() },
  ])

  await putResponse(tracker, registered.submissionId, accepted)
  await stream.received(2)
  expect(dataOf(stream)[1]).toEqual(await statusOf(tracker))
  await deliver(registered.webhookUrl, payload('remove-bg', 'success'))
  await stream.received(3)
  await deliver(registered.webhookUrl, { ...payload('remove-bg', 'success'), service: 'ai-tasks' })
  await stream.ended
  expect(stream.events().map(({ event }) => event)).toEqual(['status', 'status', 'status', 'status'])
  const final = await tracker.fetch(`/assets/${FILE_ID}/status`)
  expect(stream.events().at(-1)).toMatchObject({ id: final.headers.get('etag'), data: await final.text() })
})

test('a webhook that arrives before the response switches the stream to the asset', async () => {
  const tracker = await startTracker()
  const { eventsUrl, webhookUrl } = await register(tracker, ['remove-bg'], null)
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await stream.ended
  expect(dataOf(stream)).toMatchObject([{ state: 'submitting' }, { fileId: FILE_ID, status: 'success' }])
})

test('once the fileId is known, the events are those of the asset, even for a client that reconnects', async () => {
  const tracker = await startTracker()
  const { eventsUrl, submissionId, webhookUrl } = await register(tracker, ['remove-bg'], null)
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  const id = stream.events()[0]?.id ?? ''
  stream.disconnect()
  await putResponse(tracker, submissionId, { fileId: FILE_ID })
  await deliver(webhookUrl, payload('remove-bg', 'success'))

  const reconnected = await openEvents(eventsUrl, { 'Last-Event-ID': id })
  await reconnected.ended
  expect(dataOf(reconnected)).toEqual([await statusOf(tracker)])
  const last = { 'Last-Event-ID': reconnected.events()[0]?.id ?? '' }
  expect((await fetch(eventsUrl, { headers: last })).status).toBe(204)
})

test('a rejected submission ends its stream, and a client that reconnects gets 204', async () => {
  const tracker = await startTracker()
  const { eventsUrl, submissionId } = await register(tracker, ['remove-bg'], null)
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  await putResponse(tracker, submissionId, { message: 'Your request is missing file parameter.' })
  await stream.ended
  expect(dataOf(stream)).toMatchObject([{ state: 'submitting' }, { state: 'rejected', fileId: null }])
  const last = { 'Last-Event-ID': stream.events().at(-1)?.id ?? '' }
  expect((await fetch(eventsUrl, { headers: last })).status).toBe(204)
})

test('when an asset is forgotten, the stream of its submission ends, and requests for the submission get 404', async () => {
  const tracker = await startTracker()
  const { statusUrl, eventsUrl, submissionId } = await register(tracker, ['remove-bg'], null)
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  await putResponse(tracker, submissionId, { fileId: FILE_ID })
  await stream.received(2)
  // Forgetting the asset does not end this wait, which gets its 404 after one second.
  const waiting = startWaiting(`${statusUrl}&wait=1`)
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  expect((await tracker.fetch(`/assets/${FILE_ID}`, { method: 'DELETE', headers })).status).toBe(204)
  await stream.ended
  expect((await waiting.response).status).toBe(404)
  expect((await fetch(eventsUrl)).status).toBe(404)
})

test('the result of a queued upload reaches the stream of its submission', async () => {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    const body = { message: 'The pre-transformation has been queued successfully.' }
    if (await call.readToEnd()) call.respond(202, body, { 'x-ik-requestid': QUEUED_REQUEST })
  })
  const tracker = await startTracker({
    IMAGEKIT_UPLOAD_URL: imagekit.url,
    IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET,
  })
  const queued = await upload(tracker, [FILE, FILE_NAME, ['extensions', EXTENSIONS]])
  const path = `/submissions/${queued.headers.get('x-submission-id')}`
  const { eventsUrl } = (await (await tracker.fetch(path)).json()) as { eventsUrl: string }
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  await deliverEvent(tracker, accountEvent('pre-transform-success'))
  await stream.received(2)
  expect(dataOf(stream)).toMatchObject([
    { state: 'accepted', fileId: null },
    { fileId: FILE_ID, status: 'pending' },
  ])
})

test('the stream of a submission without a fileId ends when its run expires', async () => {
  let now = Date.now()
  const tracker = await startTracker({ EXPIRE_AFTER: '1h' }, { clock: () => now })
  const { eventsUrl } = await register(tracker, ['remove-bg'], null)
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  now += 2 * 3_600_000
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  await tracker.fetch('/reconcile', { method: 'POST', headers, body: '{"dryRun":false}' })
  await stream.ended
  expect(dataOf(stream).at(-1)).toMatchObject({ fileId: null, extensions: [{ status: 'expired' }] })
})

test('the stream of a submission ends when the service stops', async () => {
  const tracker = await startTracker()
  const { eventsUrl } = await register(tracker, ['remove-bg'], null)
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  await tracker.service.stop()
  await stream.ended
})

test('a waiting request gets the submission once none of its runs is pending', async () => {
  const tracker = await startTracker()
  const { statusUrl, submissionId, webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  const waiting = startWaiting(`${statusUrl}&wait=30`)
  await putResponse(tracker, submissionId, {
    ...accepted,
    extensionStatus: { 'remove-bg': 'pending', 'ai-tasks': 'success' },
  })
  expect(await getJson(`${statusUrl}&wait=0`)).toMatchObject({ fileId: FILE_ID })
  expect(waiting.hasResponse()).toBe(false)
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  const response = await waiting.response
  expect(response.headers.get('retry-after')).toBeNull()
  expect(await response.json()).toEqual(await getJson(statusUrl))
})

test('a waiting request with If-None-Match gets a response once the ETag differs', async () => {
  const tracker = await startTracker()
  const { statusUrl, submissionId } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  const current = await fetch(statusUrl)
  expect(current.headers.get('retry-after')).toBe('5')
  expect(current.headers.get('cache-control')).toBe('no-cache')
  const headers = { 'If-None-Match': current.headers.get('etag') ?? '' }
  expect((await fetch(statusUrl, { headers })).status).toBe(304)
  const waiting = startWaiting(`${statusUrl}&wait=30`, headers)
  await putResponse(tracker, submissionId, accepted)
  expect(await (await waiting.response).json()).toMatchObject({ fileId: FILE_ID, state: 'accepted' })
})

test('a waiting request gets its response when the submission is rejected, and a later one does not wait', async () => {
  const tracker = await startTracker()
  const { statusUrl, submissionId } = await register(tracker, ['remove-bg'], null)
  const waiting = startWaiting(`${statusUrl}&wait=30`)
  await putResponse(tracker, submissionId, { message: 'no' })
  expect(await (await waiting.response).json()).toMatchObject({ state: 'rejected' })
  expect(await getJson(`${statusUrl}&wait=30`)).toMatchObject({ state: 'rejected' })
})

test.each(['61', '-1', 'abc', ''])('wait=%j gets 400', async (seconds) => {
  const tracker = await startTracker()
  const { statusUrl } = await register(tracker, ['remove-bg'], null)
  const response = await fetch(`${statusUrl}&wait=${seconds}`)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ code: 'invalid_input', errors: [{ field: 'wait' }] })
})
