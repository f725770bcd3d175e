import { expect, test } from 'vitest'
import { accountEvent, deliverEvent, QUEUED_REQUEST, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { startStandIn } from '../support/stand-in.ts'
import { ADMIN_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { EXTENSIONS, FILE, FILE_NAME, upload } from '../support/uploads.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'
import { openEvents } from './status-server.ts'

const accepted = { fileId: FILE_ID, extensionStatus: { 'remove-bg': 'pending', 'ai-tasks': 'pending' } }

async function putResponse(tracker: RunningTracker, submissionId: string, response: object): Promise<void> {
  const answer = await tracker.fetch(`/submissions/${submissionId}/response`, {
    method: 'PUT',
    body: JSON.stringify(response),
  })
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
}

const getJson = async (url: string) => (await fetch(url)).json()

const dataOf = (stream: { events(): { data: string }[] }) =>
  stream.events().map(({ data }) => JSON.parse(data))

/** Starts a request that waits; `isAnswered` says whether it was answered meanwhile. */
function wait(url: string, headers: Record<string, string> = {}) {
  let isAnswered = false
  const answer = fetch(url, { headers }).then((response) => {
    isAnswered = true
    return response
  })
  return { answer, isAnswered: () => isAnswered }
}

test('events stream the submission until its fileId is known, then the asset, and end when nothing is pending', async () => {
  const tracker = await startTracker()
  const registered = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  const stream = await openEvents(registered.eventsUrl)
  expect(stream.answer.statusCode).toBe(200)
  expect(stream.answer.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
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

test('a webhook that comes before the response binds the stream to its asset as well', async () => {
  const tracker = await startTracker()
  const { eventsUrl, webhookUrl } = await register(tracker, ['remove-bg'], null)
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await stream.ended
  expect(dataOf(stream)).toMatchObject([{ state: 'submitting' }, { fileId: FILE_ID, status: 'success' }])
})

test('events of a submission whose fileId is known are those of its asset, also for who comes back', async () => {
  const tracker = await startTracker()
  const { eventsUrl, submissionId, webhookUrl } = await register(tracker, ['remove-bg'], null)
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  const id = stream.events()[0]?.id ?? ''
  stream.leave()
  await putResponse(tracker, submissionId, { fileId: FILE_ID })
  await deliver(webhookUrl, payload('remove-bg', 'success'))

  const again = await openEvents(eventsUrl, { 'Last-Event-ID': id })
  await again.ended
  expect(dataOf(again)).toEqual([await statusOf(tracker)])
  const last = { 'Last-Event-ID': again.events()[0]?.id ?? '' }
  expect((await fetch(eventsUrl, { headers: last })).status).toBe(204)
})

test('a rejected submission ends its stream, and who comes back gets 204', async () => {
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

test('a stream of an asset that is forgotten ends, and its submission is 404', async () => {
  const tracker = await startTracker()
  const { eventsUrl, submissionId } = await register(tracker, ['remove-bg'], null)
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  await putResponse(tracker, submissionId, { fileId: FILE_ID })
  await stream.received(2)
  const waiting = wait(`${eventsUrl.replace('/events?', '?')}&wait=1`)
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  expect((await tracker.fetch(`/assets/${FILE_ID}`, { method: 'DELETE', headers })).status).toBe(204)
  await stream.ended
  expect((await waiting.answer).status).toBe(404)
  expect((await fetch(eventsUrl)).status).toBe(404)
})

test('the end of a queued upload reaches who follows its submission', async () => {
  const imagekit = await startStandIn((response) => {
    response.writeHead(202, { 'content-type': 'application/json', 'x-ik-requestid': QUEUED_REQUEST })
    response.end('{"message":"The pre-transformation has been queued successfully."}')
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

test('the expiry of a submission that was never bound ends its stream', async () => {
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

test('all streams of submissions end when the service stops', async () => {
  const tracker = await startTracker()
  const { eventsUrl } = await register(tracker, ['remove-bg'], null)
  const stream = await openEvents(eventsUrl)
  await stream.received(1)
  await tracker.service.stop()
  await stream.ended
})

test('wait answers once nothing of the submission is pending, with its JSON', async () => {
  const tracker = await startTracker()
  const { statusUrl, submissionId, webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  const waiting = wait(`${statusUrl}&wait=30`)
  await putResponse(tracker, submissionId, {
    ...accepted,
    extensionStatus: { 'remove-bg': 'pending', 'ai-tasks': 'success' },
  })
  expect(await getJson(`${statusUrl}&wait=0`)).toMatchObject({ fileId: FILE_ID })
  expect(waiting.isAnswered()).toBe(false)
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  const answer = await waiting.answer
  expect(answer.headers.get('retry-after')).toBeNull()
  expect(await answer.json()).toEqual(await getJson(statusUrl))
})

test('wait answers who knows the ETag as soon as it differs; a known one is 304', async () => {
  const tracker = await startTracker()
  const { statusUrl, submissionId } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  const present = await fetch(statusUrl)
  expect(present.headers.get('retry-after')).toBe('5')
  expect(present.headers.get('cache-control')).toBe('no-cache')
  const headers = { 'If-None-Match': present.headers.get('etag') ?? '' }
  expect((await fetch(statusUrl, { headers })).status).toBe(304)
  const waiting = wait(`${statusUrl}&wait=30`, headers)
  await putResponse(tracker, submissionId, accepted)
  expect(await (await waiting.answer).json()).toMatchObject({ fileId: FILE_ID, state: 'accepted' })
})

test('a rejected submission is waited for no longer, and neither is one without anything pending', async () => {
  const tracker = await startTracker()
  const { statusUrl, submissionId } = await register(tracker, ['remove-bg'], null)
  const waiting = wait(`${statusUrl}&wait=30`)
  await putResponse(tracker, submissionId, { message: 'no' })
  expect(await (await waiting.answer).json()).toMatchObject({ state: 'rejected' })
  expect(await getJson(`${statusUrl}&wait=30`)).toMatchObject({ state: 'rejected' })
})

test.each(['61', '-1', 'abc', ''])('wait=%j is 400', async (seconds) => {
  const tracker = await startTracker()
  const { statusUrl } = await register(tracker, ['remove-bg'], null)
  const answer = await fetch(`${statusUrl}&wait=${seconds}`)
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ code: 'invalid_input', errors: [{ field: 'wait' }] })
})
