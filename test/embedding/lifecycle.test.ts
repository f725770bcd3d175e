import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import express from 'express'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createTracker, DatabaseStartError } from '../../src/index.ts'
import { createTestDatabase, databaseEnv } from '../support/database.ts'
import { startListening } from '../support/listening.ts'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { API_KEY, IMAGEKIT_KEY } from '../support/tracker.ts'
import { FILE, FILE_NAME, upload } from '../support/uploads.ts'
import { FILE_ID, register } from '../support/webhooks.ts'
import { nodeHost, startHost } from './hosts.ts'

test('before the start, requests that need the database get a 503, and after the stop all requests do', async () => {
  const settings = { imagekitPrivateKey: IMAGEKIT_KEY, ...databaseEnv(await createTestDatabase()) }
  const tracker = createTracker(settings, { logger: pino({ level: 'silent' }) })
  onTestFinished(() => tracker.stop())
  const url = await startListening(createServer(tracker.handler))
  const ask = async (path: string) => {
    const { status, headers } = await fetch(url + path)
    return { status, retryAfter: headers.get('retry-after') }
  }
  expect(await ask('/healthz')).toMatchObject({ status: 200 })
  expect(await ask('/runs')).toEqual({ status: 503, retryAfter: '5' })
  await tracker.start()
  expect(await ask('/runs')).toMatchObject({ status: 200 })
  await tracker.stop()
  expect(await ask('/runs')).toEqual({ status: 503, retryAfter: '5' })
  expect(await ask('/healthz')).toMatchObject({ status: 503 })
})

test('a second tracker on the same SQLite file does not start, and starting twice is the same as once', async () => {
  const database = await createTestDatabase()
  const { tracker } = await startHost(nodeHost, {}, { database })
  // Else its jobs would run twice.
  expect(tracker.start()).toBe(tracker.start())
  await expect(startHost(nodeHost, {}, { database })).rejects.toThrow(DatabaseStartError)
})

test('stop lets an upload in progress finish, and ends streams of events', async () => {
  const imagekit = await startMisbehavingImagekit()
  const host = await startHost(nodeHost, { imagekitUploadUrl: imagekit.url })
  const { eventsUrl } = await register(host, ['remove-bg'])
  const events = await fetch(eventsUrl)
  const uploaded = upload(host, [FILE, FILE_NAME])
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  const stopped = host.tracker.stop()
  expect(await events.text()).toContain('event: status')
  const [call] = imagekit.calls
  await call?.readForm()
  call?.respond(200, uploadedFile('file1'))
  expect((await uploaded).status).toBe(200)
  await stopped
})

test('a stop during the start leaves the database to another tracker, and a stopped tracker does not start', async () => {
  const settings = { imagekitPrivateKey: IMAGEKIT_KEY, ...databaseEnv(await createTestDatabase()) }
  const silent = { logger: pino({ level: 'silent' }) }
  const first = createTracker(settings, silent)
  const started = first.start()
  const stopped = first.stop()
  expect(first.stop()).toBe(stopped)
  await stopped
  await started
  const second = createTracker(settings, silent)
  await second.start()
  await second.stop()
  const third = createTracker(settings, silent)
  await third.stop()
  await expect(third.start()).rejects.toThrow('The tracker was stopped')
})

test('two trackers in one process share nothing', async () => {
  const first = await startHost(nodeHost)
  const second = await startHost(nodeHost, { trackerApiKey: 'another-key-0123456789' })
  await register(first, ['remove-bg'])
  const ask = (host: typeof first, path: string, key: string) =>
    host.fetch(path, { headers: { authorization: `Bearer ${key}` } })
  const status = `/assets/${FILE_ID}/status`
  expect((await ask(first, status, API_KEY)).status).toBe(200)
  expect((await ask(second, status, API_KEY)).status).toBe(401)
  expect((await ask(second, status, 'another-key-0123456789')).status).toBe(404)
  const metrics = async (host: typeof first, key: string) => (await ask(host, '/metrics', key)).text()
  expect(await metrics(first, API_KEY)).toContain('tracker_runs{status="pending",extension="remove-bg"} 1')
  expect(await metrics(second, 'another-key-0123456789')).not.toContain('remove-bg')
  await second.tracker.stop()
  expect((await ask(first, status, API_KEY)).status).toBe(200)
})

test('if a body parser has read the body, the response is a 500, and the log says what to do', async () => {
  const lines: string[] = []
  const settings = {
    imagekitPrivateKey: IMAGEKIT_KEY,
    trackerApiKey: API_KEY,
    ...databaseEnv(await createTestDatabase()),
  }
  const tracker = createTracker(settings, { logger: pino({}, { write: (line) => lines.push(line) }) })
  onTestFinished(() => tracker.stop())
  const url = await startListening(createServer(express().use(express.json()).use('/', tracker.handler)))
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${API_KEY}` }
  const response = await fetch(`${url}/submissions`, { method: 'POST', headers, body: '{"extensions":[]}' })
  expect(response.status).toBe(500)
  const { requestId } = (await response.json()) as { requestId: string }
  const line = lines.map((one) => JSON.parse(one)).find((one) => one.requestId === requestId)
  expect(line).toMatchObject({
    event: 'request.failed',
    err: { message: expect.stringContaining('before any body parser') },
  })
})

test('after an upload that is too large, its connection serves the next request', async () => {
  const imagekit = await startMisbehavingImagekit()
  const { url } = await startHost(nodeHost, { imagekitUploadUrl: imagekit.url, maxUploadBytes: '1KiB' })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const body = Buffer.alloc(4 * 1024 * 1024)
  const headers = {
    authorization: `Bearer ${API_KEY}`,
    'content-type': 'multipart/form-data; boundary=b',
    'transfer-encoding': 'chunked',
  }
  const rejected = request(`${url}/api/v1/files/upload`, { agent, method: 'POST', headers })
  rejected.end(body)
  const [response] = await once(rejected, 'response')
  const { localPort } = response.socket
  expect(response.statusCode).toBe(413)
  await text(response)
  const next = request(`${url}/healthz`, { agent })
  next.end()
  const [health] = await once(next, 'response')
  expect([health.statusCode, health.socket.localPort]).toEqual([200, localPort])
})

test.each([
  ['before', false],
  ['after', true],
])(
  'pipelined requests that are passed on %s their connection closes end, and free their places among the open streams',
  async (_, isLate) => {
    let passedOn = 0
    const host = await startHost((tracker) => async (request, response) => {
      if (isLate && request.url?.includes('/events')) await once(request.socket, 'close')
      tracker.handler(request, response)
      passedOn += 1
    })
    const { eventsUrl } = await register(host, ['remove-bg'])
    const { pathname, search, port } = new URL(eventsUrl)
    const before = passedOn
    const caller = connect(Number(port), '127.0.0.1')
    caller.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`.repeat(3))
    if (isLate) caller.end()
    else await expect.poll(() => passedOn - before).toBe(3)
    caller.destroySoon()
    await expect.poll(() => passedOn - before).toBe(3)
    // One token may have twenty streams.
    const open = () => host.tracker.fetch(new Request(eventsUrl))
    await expect
      .poll(async () => {
        const streams = await Promise.all(Array.from({ length: 20 }, open))
        for (const { body } of streams) await body?.cancel()
        return streams.filter(({ status }) => status !== 200)
      })
      .toEqual([])
  },
)

test('if the program has already responded, for example after a timeout of its own, the response of the tracker is dropped', async () => {
  const host = await startHost((tracker) => (request, response) => {
    tracker.handler(request, response)
    if (request.headers['x-late'] !== undefined) response.writeHead(504).end('too late')
  })
  const { statusUrl, webhookUrl } = await register(host, ['remove-bg'])
  const headers = { 'x-late': '1' }
  const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileObject: {} })
  expect((await fetch(statusUrl, { headers })).status).toBe(504)
  expect((await fetch(webhookUrl, { method: 'POST', headers, body })).status).toBe(504)
  // An error would end the program.
  expect((await fetch(statusUrl)).status).toBe(200)
})

test('a request whose caller disconnected before it was passed on does not delay the stop', async () => {
  const host = await startHost((tracker) => async (request, response) => {
    await once(request.socket, 'close')
    tracker.handler(request, response)
    passedOn()
  })
  let passedOn = () => {}
  const isPassedOn = new Promise<void>((resolve) => {
    passedOn = resolve
  })
  const caller = request(`${host.url}/healthz`).on('error', () => {})
  caller.end()
  await once(caller, 'finish')
  caller.destroy()
  await isPassedOn
  const startedAt = performance.now()
  await host.tracker.stop()
  // Otherwise it waits ten seconds.
  expect(performance.now() - startedAt).toBeLessThan(5000)
})
