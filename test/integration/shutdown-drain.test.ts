import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { KIND } from '../../src/store/sql/codes.ts'
import { readRows } from '../support/database.ts'
import { startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { ask, listRuns } from '../support/operator.ts'
import { rawRequest } from '../support/raw-request.ts'
import { API_KEY, type RunningTracker, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { deliver, payload, register } from '../support/webhooks.ts'

const authorization = `Bearer ${API_KEY}`

/** A form part with the boundary `b`. `moreParameters` are added to its Content-Disposition. */
const part = (name: string, value: string, moreParameters = '') =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${moreParameters}\r\n\r\n${value}\r\n`

/** Starts an upload, and sends its form without the end. Resolves once the service has had time to receive what was sent. */
async function startUpload(tracker: RunningTracker): Promise<ClientRequest> {
  const headers = { authorization, 'content-type': 'multipart/form-data; boundary=b' }
  const outgoing = request(`${tracker.url}/api/v1/files/upload`, { method: 'POST', headers, agent: false })
  outgoing.write(part('fileName', 'hello.txt'))
  outgoing.write(part('extensions', '[{"name":"remove-bg"}]'))
  // Ends in the middle of the file: without its last two letters and the line end.
  outgoing.write(part('file', 'hello', '; filename="hello.txt"').slice(0, -4))
  await awaitRoundTrips(tracker)
  return outgoing
}

/** Waits for the responses to some requests, which gives the service time to receive everything that was sent before. */
async function awaitRoundTrips(tracker: RunningTracker): Promise<void> {
  for (let round = 0; round < 5; round += 1) await rawRequest(`${tracker.url}/healthz`)
}

/** Waits until the service refuses connections. */
const waitUntilRefusing = (tracker: RunningTracker) =>
  expect
    .poll(() => rawRequest(`${tracker.url}/healthz`).then(String, (error: { code: string }) => error.code))
    .toBe('ECONNREFUSED')

/** The seconds from this call until `work` is done, even if `work` began earlier. */
async function secondsOf(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work
  return (performance.now() - startedAt) / 1000
}

test('when the service stops, waiting status requests get a response and streams end', async () => {
  const tracker = await startTracker()
  const { statusUrl } = await register(tracker, ['remove-bg'])
  const waiting = rawRequest(`${statusUrl}&wait=60`)
  const outgoing = request(statusUrl.replace('/status', '/events'), { agent: false }).end()
  const [events] = await once(outgoing, 'response')
  const stream = text(events)
  await awaitRoundTrips(tracker)

  expect(await secondsOf(tracker.service.stop())).toBeLessThan(5)
  const response = await waiting
  expect(response.status).toBe(200)
  expect(JSON.parse(response.body)).toMatchObject({ status: 'pending' })
  expect(await stream).toContain('event: status')
})

test('an upload in progress may finish during a stop, while new connections are refused', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const upload = await startUpload(tracker)
  const stopped = tracker.service.stop()
  await waitUntilRefusing(tracker)
  upload.end('\r\n--b--\r\n')
  const [response] = (await once(upload, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  const { fileId } = JSON.parse(await text(response))
  expect(await secondsOf(stopped)).toBeLessThan(5)

  const restarted = await tracker.restart()
  const status = await restarted.fetch(`/assets/${fileId}/status`)
  expect(await status.json()).toMatchObject({ extensionStatus: { 'remove-bg': expect.any(String) } })
})

test('an upload that does not end within the drain time is aborted, and the service stops', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox({}, { drainMs: 200 })
  const upload = await startUpload(tracker)
  const cut = once(upload, 'error')
  expect(await secondsOf(tracker.service.stop())).toBeLessThan(3)
  expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' })
  expect(sandbox.uploads()).toEqual([])
})

test('if ImageKit does not respond within the drain time, the service stops, and the upload becomes unconfirmed', async () => {
  const imagekit = await startMisbehavingImagekit((call) => call.readToEnd())
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, { drainMs: 200 })
  const upload = await startUpload(tracker)
  upload.on('error', () => {})
  upload.end('\r\n--b--\r\n')
  await expect.poll(() => imagekit.countCompleteCalls()).toBe(1)
  expect(await secondsOf(tracker.service.stop())).toBeLessThan(3)

  expect(await readRows(tracker.database, 'SELECT state FROM submissions')).toEqual([
    { state: 'unconfirmed' },
  ])
})

test.each([
  ['one run', (runId: string) => ({ path: `/runs/${runId}/retry`, body: {} })],
  ['all failed runs', () => ({ path: '/runs/retry', body: { status: 'failed' } })],
])(
  'a retry of %s without a response from ImageKit delays the stop by at most the drain time',
  async (_, requestFor) => {
    const imagekit = await startMisbehavingImagekit((call) => call.readToEnd())
    const tracker = await startTracker({ IMAGEKIT_API_URL: imagekit.url }, { drainMs: 200 })
    const { webhookUrl } = await register(tracker, ['remove-bg'])
    await deliver(webhookUrl, payload('remove-bg', 'failure'))
    const [failed] = await listRuns(tracker, '?status=failed')
    const { path, body } = requestFor(failed?.runId ?? '')
    ask(tracker, path, { method: 'POST', body }).catch(() => {})
    await expect.poll(() => imagekit.countCompleteCalls()).toBe(1)
    expect(await secondsOf(tracker.service.stop())).toBeLessThan(3)

    const states = await readRows(
      tracker.database,
      `SELECT state FROM submissions WHERE kind = ${KIND.to.update}`,
    )
    expect(states).toEqual([{ state: 'unconfirmed' }])
  },
)

test('keep-alive connections do not delay the stop, even one that was busy when the stop began', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const agent = new Agent({ keepAlive: true })
  const idle = request(`${tracker.url}/healthz`, { agent }).end()
  const [response] = (await once(idle, 'response')) as [IncomingMessage]
  await text(response)
  const headers = { authorization, 'content-type': 'multipart/form-data; boundary=b' }
  const options = { method: 'POST', headers, agent: new Agent({ keepAlive: true }) }
  const busy = request(`${tracker.url}/api/v1/files/upload`, options)
  busy.write(part('fileName', 'hello.txt'))
  await awaitRoundTrips(tracker)

  const stopping = secondsOf(tracker.service.stop())
  await waitUntilRefusing(tracker)
  busy.end(`${part('file', 'hello')}--b--\r\n`)
  const [uploaded] = (await once(busy, 'response')) as [IncomingMessage]
  expect(uploaded.statusCode).toBe(200)
  await text(uploaded)
  expect(await stopping).toBeLessThan(3)
})

test('a stop releases the maintenance lease, so another process can take over at once', async () => {
  const tracker = await startTracker()
  // A release sets `ends_at` to 0.
  const leases = () => readRows(tracker.database, 'SELECT name, epoch, ends_at > 0 AS held FROM leases')
  expect(await leases()).toEqual([{ name: 'maintenance', epoch: 1, held: 1 }])
  await tracker.service.stop()
  expect(await leases()).toEqual([{ name: 'maintenance', epoch: 1, held: 0 }])
})

test('stop may be called again, during a stop and after it', async () => {
  const tracker = await startTracker()
  await Promise.all([tracker.service.stop(), tracker.service.stop()])
  await tracker.service.stop()
  await waitUntilRefusing(tracker)
})
