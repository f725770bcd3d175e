import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { ADMIN_KEY, API_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, payload, register, statusOf } from '../support/webhooks.ts'

function open(tracker: RunningTracker, bytes: string): Socket {
  const { hostname, port } = new URL(tracker.url)
  const socket = connect(Number(port), hostname)
  socket.write(bytes)
  onTestFinished(() => void socket.destroy())
  return socket
}

/** Sends these bytes every 20 ms until the socket closes. */
function sendSlowly(socket: Socket, bytes: string): void {
  const timer = setInterval(() => socket.write(bytes), 20)
  socket.once('close', () => clearInterval(timer))
  socket.on('error', () => {})
}

/** The next bytes received. Unlike `text`, this doesn't wait for the end of the connection. */
async function nextBytes(socket: Socket): Promise<string> {
  const [bytes] = await once(socket, 'data')
  return bytes.toString()
}

test.each([
  ['sends nothing', '', ''],
  ['stops in the middle of a head', 'GET /healthz HTTP/1.1\r\nHo', ''],
  ['sends its head slowly', 'GET /healthz HTTP/1.1\r\nx: ', 'x'],
])('a caller that %s gets 408 and is disconnected', async (_, start, repeated) => {
  const tracker = await startTracker({}, { connectionLimits: { headMs: 100 } })
  const socket = open(tracker, start)
  if (repeated !== '') sendSlowly(socket, repeated)
  const response = await text(socket)
  expect(response).toMatch(/^HTTP\/1\.1 408 /)
  expect(JSON.parse(response.split('\r\n\r\n')[1] ?? '')).toMatchObject({
    code: 'request_timeout',
    status: 408,
  })
})

test('an idle connection is closed', async () => {
  const tracker = await startTracker({}, { connectionLimits: { keepAliveMs: 100 } })
  const socket = open(tracker, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /)
})

test('a delivery with a slow body gets 408 and is stored as rejected; a retry is applied', async () => {
  const tracker = await startTracker({}, { wholeBodyMs: 500 })
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const { pathname } = new URL(webhookUrl)
  const socket = open(tracker, `POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{`)
  sendSlowly(socket, ' ')
  const response = await nextBytes(socket)
  expect(response).toMatch(/^HTTP\/1\.1 408 /)
  expect(response).toContain('"code":"request_timeout"')
  await expect
    .poll(() => readRows(tracker.database, 'SELECT cause FROM rejected_deliveries'))
    .toEqual([{ cause: 'too_slow' }])
  expect((await statusOf(tracker)).status).toBe('pending')
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).json).toEqual({ outcome: 'applied' })
})

test.each([
  ['POST', '/submissions', API_KEY],
  ['PATCH', '/v1/files/x/details', API_KEY],
  ['POST', '/reconcile', ADMIN_KEY],
])('a slow body of %s %s gets 408', async (method, path, key) => {
  const tracker = await startTracker({}, { wholeBodyMs: 200 })
  const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n`
  const socket = open(tracker, `${head}Content-Length: 100000\r\n\r\n{`)
  sendSlowly(socket, ' ')
  expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 408 /)
})

test.each([
  ['may be valid', 408, `x-ik-signature: t=${Date.now()},v1=00`, 'too_slow'],
  ['cannot be read', 401, 'x-ik-signature: none', 'malformed_signature'],
])(
  'an account delivery with a slow body and a signature that %s gets %i, and is stored as rejected',
  async (_, status, header, cause) => {
    const tracker = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }, { wholeBodyMs: 200 })
    const head = `POST /webhooks/account HTTP/1.1\r\nHost: x\r\n${header}\r\n`
    const socket = open(tracker, `${head}Content-Length: 100000\r\n\r\n{`)
    sendSlowly(socket, ' ')
    expect(await nextBytes(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    // `bytes` is the announced size, because the whole body did not arrive.
    await expect
      .poll(() => readRows(tracker.database, 'SELECT cause, bytes FROM rejected_deliveries'))
      .toEqual([{ cause, bytes: 100_000 }])
  },
)

test('a slow body of PUT /submissions/:submissionId/response gets 408', async () => {
  const tracker = await startTracker({}, { wholeBodyMs: 500 })
  const { submissionId } = await register(tracker, ['remove-bg'])
  const head = `PUT /submissions/${submissionId}/response HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${API_KEY}\r\n`
  const socket = open(tracker, `${head}Content-Length: 100000\r\n\r\n{`)
  sendSlowly(socket, ' ')
  expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 408 /)
})

test.each([
  ['POST', '/nothing', 404, 'Content-Length: 100000', ' '],
  ['GET', '/healthz', 200, 'Content-Length: 100000', ' '],
  ['GET', '/healthz', 200, 'Transfer-Encoding: chunked', '1\r\nx\r\n'],
  ['HEAD', '/healthz', 200, 'Content-Length: 100000', ' '],
  ['GET', '/assets/x/status', 401, 'Content-Length: 100000', ' '],
  ['GET', '/nothing', 404, 'Content-Length: 100000', ' '],
  ['OPTIONS', '/assets/x/status', 204, 'Content-Length: 100000', ' '],
  ['GET', '/admin', 303, 'Content-Length: 100000', ' '],
])('%s %s gets %i before its unneeded body has arrived, and the connection is closed', async (...request) => {
  const [method, path, status, header, bytes] = request
  const tracker = await startTracker()
  const socket = open(tracker, `${method} ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n${bytes}`)
  sendSlowly(socket, bytes)
  expect(await text(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
})

test.each([
  ['Content-Length: 100000', ' '],
  ['Content-Length: 100', ' '],
  ['Transfer-Encoding: chunked', '1\r\nx\r\n'],
])(
  'the connection of a slow, unneeded body with %s is closed, even if the caller keeps its side open',
  async (header, bytes) => {
    const tracker = await startTracker()
    const { hostname, port } = new URL(tracker.url)
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    socket.write(`POST /nothing HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n${bytes}`)
    // So slowly that even 100 bytes have not arrived after two seconds, when the connection is closed.
    const timer = setInterval(() => socket.write(bytes), 200)
    onTestFinished(() => clearInterval(timer))
    socket.on('error', () => {}).resume()
    await new Promise((resolve) => socket.once('close', resolve))
    expect(socket.bytesRead).toBeGreaterThan(0)
  },
)

test('an endless body that arrives at full speed gets a response, and is then cut off', async () => {
  const tracker = await startTracker()
  const { hostname, port } = new URL(tracker.url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  socket.on('error', () => {}).resume()
  socket.write('POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n')
  const bytes = Buffer.alloc(1024 * 1024)
  const send = (): void => void (socket.writable && socket.write(bytes, send))
  send()
  await new Promise((resolve) => socket.once('close', resolve))
  expect(socket.bytesRead).toBeGreaterThan(0)
})

test('a GET with a complete body gets a response, and its connection serves the next request', async () => {
  const tracker = await startTracker()
  const socket = open(tracker, 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}')
  expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 200 /)
  socket.write('GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 404 /)
})

test('a caller that does not read its responses is disconnected', async () => {
  const tracker = await startTracker({}, { connectionLimits: { stalledMs: 300 } })
  const ids = Array.from({ length: 100 }, (_, index) => `fileId=${String(index).padStart(80, 'x')}`)
  const head = `GET /assets/status?${ids.join('&')} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${API_KEY}\r\n\r\n`
  const socket = open(tracker, head.repeat(2000))
  socket.pause().on('error', () => {})
  await new Promise((resolve) => socket.once('close', resolve))
  expect(socket.bytesRead).toBe(0)
})
