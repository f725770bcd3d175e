import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { rawRequest } from '../support/raw-request.ts'
import { API_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register } from '../support/webhooks.ts'
import { openEvents } from './status-server.ts'

type Overrides = NonNullable<Parameters<typeof startTracker>[1]>

/** Starts a tracker. `rejectionLines` returns its log lines about exceeded limits. */
async function startLogged(overrides: Overrides) {
  const lines: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  const tracker = await startTracker({}, { logger, ...overrides })
  const rejectionLines = () =>
    lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'load.rejected')
  return { tracker, rejectionLines }
}

/** Opens a connection to the tracker, and sends `bytes` if there are any. */
async function openSocket(tracker: RunningTracker, bytes = ''): Promise<Socket> {
  const { hostname, port } = new URL(tracker.url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  if (bytes !== '') socket.write(bytes)
  return socket
}

const withKey = { authorization: `Bearer ${API_KEY}` }

test('twenty requests may wait or stream with one token; the next gets 503 until a place is free', async () => {
  const { tracker, rejectionLines } = await startLogged({})
  const { statusUrl, eventsUrl } = await register(tracker, ['remove-bg'])
  const streams = await Promise.all(Array.from({ length: 20 }, () => openEvents(eventsUrl)))
  expect(streams.map(({ response }) => response.statusCode)).toEqual(streams.map(() => 200))

  for (const url of [eventsUrl, `${statusUrl}&wait=60`]) {
    const response = await fetch(url)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toMatchObject({ code: 'overloaded', status: 503 })
  }
  // The first rejection is logged at once, the second at the end of the log interval.
  expect(rejectionLines()).toMatchObject([{ rejected: { 'waiting with one token': 1 } }])
  expect((await fetch(statusUrl)).status).toBe(200)
  const another = await register(tracker, ['remove-bg'], 'another')
  expect((await openEvents(another.eventsUrl)).response.statusCode).toBe(200)
  expect((await openEvents(eventsUrl, withKey)).response.statusCode).toBe(200)

  streams[0]?.disconnect()
  await expect.poll(async () => (await openEvents(eventsUrl)).response.statusCode).toBe(200)
})

test('the limit of a token also applies to the token of a submission', async () => {
  const { tracker } = await startLogged({ waitingLimits: { perToken: 1 } })
  const { statusUrl, eventsUrl } = await register(tracker, ['remove-bg'], null)
  await openEvents(eventsUrl)
  expect((await fetch(eventsUrl)).status).toBe(503)
  expect((await fetch(`${statusUrl}&wait=60`)).status).toBe(503)
  expect((await fetch(statusUrl)).status).toBe(200)
})

test('waiting requests may use three quarters of the connections; webhooks and statuses get the rest', async () => {
  // 10 of the 40 file descriptors are reserved; of the other 30, which are for connections, 22 may wait.
  const { tracker, rejectionLines } = await startLogged({ descriptors: 40 })
  const { webhookUrl } = await register(tracker, ['remove-bg'], 'own')
  await register(tracker, ['remove-bg'])
  const url = `${tracker.url}/assets/${FILE_ID}/events`
  const streams = []
  // With a key, because each token has a lower limit of its own.
  for (let count = 0; count < 60; count += 1) streams.push(await openEvents(url, withKey))
  const statuses = streams.map(({ response }) => response.statusCode)
  expect(statuses).toEqual([...Array(22).fill(200), ...Array(38).fill(503)])
  // The first rejection is logged at once, the others at the end of the log interval.
  expect(rejectionLines()).toMatchObject([{ rejected: { waiting: 1 } }])
  const delivery = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId: 'own' } }
  expect(await deliver(webhookUrl, delivery)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
  expect((await tracker.fetch('/assets/own/status')).status).toBe(200)
})

test('the longest idle connection is closed for a new one', async () => {
  const { tracker, rejectionLines } = await startLogged({ connectionLimits: { maxConnections: 10 } })
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  // The connection of `register` is idle, too: the tenth socket closes it, and only this closing is logged at once.
  const idle: Socket[] = []
  for (let count = 0; count < 10; count += 1) idle.push(await openSocket(tracker))
  const closed = once(idle[0] as Socket, 'close')
  const body = JSON.stringify(payload('remove-bg', 'success'))
  const { pathname } = new URL(webhookUrl)
  const response = await rawRequest(tracker.url, { method: 'POST', path: pathname, body })
  expect(response).toMatchObject({ status: 200, body: '{"outcome":"applied"}' })
  await closed
  expect(rejectionLines()).toMatchObject([{ rejected: { connections: 1 } }])
})

test('a connection beyond the limit gets 503 and is closed if no other connection is idle', async () => {
  const { tracker } = await startLogged({ connectionLimits: { maxConnections: 4 } })
  const head = `POST /submissions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${API_KEY}\r\n`
  const busy: Socket[] = []
  for (let count = 0; count < 4; count += 1) {
    const socket = await openSocket(tracker, `${head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n`)
    // The `100 Continue`: from now on, the request occupies the connection.
    await once(socket, 'data')
    busy.push(socket)
  }
  const response = await text(await openSocket(tracker))
  expect(response).toMatch(/^HTTP\/1\.1 503 /)
  const headers = ['retry-after: 1', 'connection: close', 'content-type: application/problem+json']
  for (const header of headers) expect(response.toLowerCase()).toContain(`\r\n${header}\r\n`)
  expect(JSON.parse(response.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'overloaded', status: 503 })
  busy[0]?.destroy()
  await expect.poll(() => tracker.fetch('/healthz').then(({ status }) => status)).toBe(200)
})

test('a connection with many pipelined waiting requests is closed', async () => {
  const { tracker, rejectionLines } = await startLogged({})
  const { statusUrl } = await register(tracker, ['remove-bg'])
  const { pathname, search } = new URL(statusUrl)
  const request = `GET ${pathname}${search}&wait=60 HTTP/1.1\r\nHost: x\r\n\r\n`
  const sockets = await Promise.all(
    Array.from({ length: 20 }, () => openSocket(tracker, request.repeat(100))),
  )
  await Promise.all(sockets.map((socket) => once(socket, 'close')))
  // No response was sent, not even an error.
  expect(sockets.map(({ bytesRead }) => bytesRead)).toEqual(sockets.map(() => 0))
  expect(rejectionLines()).toMatchObject([{ rejected: expect.any(Object) }])
  // None of the requests is waiting any longer, so all twenty places of the token are free.
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => openEvents(statusUrl.replace('/status?', '/events?'))),
  )
  expect(streams.map(({ response }) => response.statusCode)).toEqual(streams.map(() => 200))
})
