import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { KIND } from '../../src/store/sql/codes.ts'
import { readRows } from '../support/database.ts'
import { ask, listRuns } from '../support/operator.ts'
import { rawRequest } from '../support/raw-request.ts'
import { startStandIn } from '../support/stand-in.ts'
import { API_KEY, type RunningTracker, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { deliver, payload, register } from '../support/webhooks.ts'

const authorization = `Bearer ${API_KEY}`

const part = (name: string, value: string, more = '') =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`

/** Sends an upload's form but for its end, and lets it rest there. */
async function startUpload(tracker: RunningTracker): Promise<ClientRequest> {
  const headers = { authorization, 'content-type': 'multipart/form-data; boundary=b' }
  const outgoing = request(`${tracker.url}/api/v1/files/upload`, { method: 'POST', headers, agent: false })
  outgoing.write(part('fileName', 'hello.txt'))
  outgoing.write(part('extensions', '[{"name":"remove-bg"}]'))
  outgoing.write(part('file', 'hello', '; filename="hello.txt"').slice(0, -4))
  await roundTrips(tracker)
  return outgoing
}

/** Whatever was sent before has been taken up by the service when these are answered. */
async function roundTrips(tracker: RunningTracker): Promise<void> {
  for (let round = 0; round < 5; round += 1) await rawRequest(`${tracker.url}/healthz`)
}

const refusesConnections = (tracker: RunningTracker) =>
  expect
    .poll(() => rawRequest(`${tracker.url}/healthz`).then(String, (error: { code: string }) => error.code))
    .toBe('ECONNREFUSED')

async function secondsOf(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work
  return (performance.now() - startedAt) / 1000
}

test('who waits for a status is answered when the service stops, and streams end', async () => {
  const tracker = await startTracker()
  const { statusUrl } = await register(tracker, ['remove-bg'])
  const waiting = rawRequest(`${statusUrl}&wait=60`)
  const outgoing = request(statusUrl.replace('/status', '/events'), { agent: false }).end()
  const [events] = await once(outgoing, 'response')
  const stream = text(events)
  await roundTrips(tracker)

  expect(await secondsOf(tracker.service.stop())).toBeLessThan(5)
  const answer = await waiting
  expect(answer.status).toBe(200)
  expect(JSON.parse(answer.body)).toMatchObject({ status: 'pending' })
  expect(await stream).toContain('event: status')
})

test('an upload in flight may finish while new connections are refused, and what it did is kept', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const upload = await startUpload(tracker)
  const stopped = tracker.service.stop()
  await refusesConnections(tracker)
  upload.end('\r\n--b--\r\n')
  const [answer] = (await once(upload, 'response')) as [IncomingMessage]
  expect(answer.statusCode).toBe(200)
  const { fileId } = JSON.parse(await text(answer))
  expect(await secondsOf(stopped)).toBeLessThan(5)

  const restarted = await tracker.restart()
  const status = await restarted.fetch(`/assets/${fileId}/status`)
  expect(await status.json()).toMatchObject({ extensionStatus: { 'remove-bg': expect.any(String) } })
})

test('an upload that does not end in time is cut off, and the service stops within its limit', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox({}, { drainMs: 200 })
  const upload = await startUpload(tracker)
  const cut = once(upload, 'error')
  expect(await secondsOf(tracker.service.stop())).toBeLessThan(3)
  expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' })
  expect(sandbox.uploads()).toEqual([])
})

test('an ImageKit that stays silent does not hold up the stop, and the upload is unconfirmed afterwards', async () => {
  const standIn = await startStandIn(() => {})
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: standIn.url }, { drainMs: 200 })
  const upload = await startUpload(tracker)
  upload.on('error', () => {})
  upload.end('\r\n--b--\r\n')
  await expect.poll(() => standIn.received()).toBe(1)
  expect(await secondsOf(tracker.service.stop())).toBeLessThan(3)

  expect(await readRows(tracker.database, 'SELECT state FROM submissions')).toEqual([
    { state: 'unconfirmed' },
  ])
})

test.each([
  ['one run', (runId: string) => ({ path: `/runs/${runId}/retry`, body: {} })],
  ['many runs', () => ({ path: '/runs/retry', body: { status: 'failed' } })],
])('nor does it while it is asked for %s again', async (_, requestFor) => {
  const standIn = await startStandIn(() => {})
  const tracker = await startTracker({ IMAGEKIT_API_URL: standIn.url }, { drainMs: 200 })
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  const [failed] = await listRuns(tracker, '?status=failed')
  const { path, body } = requestFor(failed?.runId ?? '')
  ask(tracker, path, { method: 'POST', body }).catch(() => {})
  await expect.poll(() => standIn.received()).toBe(1)
  expect(await secondsOf(tracker.service.stop())).toBeLessThan(3)

  const states = await readRows(
    tracker.database,
    `SELECT state FROM submissions WHERE kind = ${KIND.to.update}`,
  )
  expect(states).toEqual([{ state: 'unconfirmed' }])
})

test('connections that are kept alive do not hold up the stop, also one that was busy when it began', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const agent = new Agent({ keepAlive: true })
  const idle = request(`${tracker.url}/healthz`, { agent }).end()
  const [answer] = (await once(idle, 'response')) as [IncomingMessage]
  await text(answer)
  const headers = { authorization, 'content-type': 'multipart/form-data; boundary=b' }
  const options = { method: 'POST', headers, agent: new Agent({ keepAlive: true }) }
  const busy = request(`${tracker.url}/api/v1/files/upload`, options)
  busy.write(part('fileName', 'hello.txt'))
  await roundTrips(tracker)

  const stopping = secondsOf(tracker.service.stop())
  await refusesConnections(tracker)
  busy.end(`${part('file', 'hello')}--b--\r\n`)
  const [uploaded] = (await once(busy, 'response')) as [IncomingMessage]
  expect(uploaded.statusCode).toBe(200)
  await text(uploaded)
  expect(await stopping).toBeLessThan(3)
})

test('the lease is given back, so that another process takes over at once', async () => {
  const tracker = await startTracker()
  const leases = () => readRows(tracker.database, 'SELECT name, epoch, ends_at > 0 AS held FROM leases')
  expect(await leases()).toEqual([{ name: 'upkeep', epoch: 1, held: 1 }])
  await tracker.service.stop()
  expect(await leases()).toEqual([{ name: 'upkeep', epoch: 1, held: 0 }])
})

test('a stop that is asked for twice is one stop', async () => {
  const tracker = await startTracker()
  await Promise.all([tracker.service.stop(), tracker.service.stop()])
  await tracker.service.stop()
  await refusesConnections(tracker)
})
