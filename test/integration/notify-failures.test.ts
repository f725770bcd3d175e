import { createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createNotificationSender } from '../../src/notifications/send-notification.ts'
import { startListening } from '../support/listening.ts'
import { UNREACHABLE_URL } from '../support/misbehaving-imagekit.ts'
import { startReceiver } from '../support/receiver.ts'

const NOW = Date.parse('2026-03-01T12:00:00.000Z')

/** A sender that can resolve no host name. IP addresses need no lookup. */
function startSender(timeoutMs = 5_000) {
  const sender = createNotificationSender({
    secrets: [],
    allowPrivateTargets: true,
    timeoutMs,
    clock: () => NOW,
    lookup: async (hostname) => {
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' })
    },
  })
  onTestFinished(() => sender.close())
  return sender
}

const notificationTo = (target: string) => ({ notificationId: 'msg_run-1', target, body: '{}' })

/** Starts a server that handles each connection with `behave`. */
function startSocketServer(behave: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    onTestFinished(() => {
      socket.destroy()
    })
    behave(socket)
  })
  return startListening(server)
}

test('a 410 ends the attempts', async () => {
  const receiver = await startReceiver((_request, response) => response.writeHead(410).end())
  expect(await startSender().send(notificationTo(receiver.url))).toEqual({
    kind: 'gone',
    status: 410,
    reason: 'status_410',
  })
})

test.each([400, 401, 404, 408, 422, 500, 502, 504])(
  'after %i the notification is retried, and Retry-After is ignored',
  async (status) => {
    const receiver = await startReceiver((_request, response) => {
      response.writeHead(status, { 'retry-after': '60' }).end()
    })
    const result = await startSender().send(notificationTo(receiver.url))
    expect(result).toEqual({ kind: 'retry', status, retryAfterMs: null, reason: `status_${status}` })
  },
)

test.each([
  [429, '120', 120_000],
  [429, 'Sun, 01 Mar 2026 12:02:00 GMT', 120_000],
  [503, '1', 1_000],
  [503, 'Sun, 01 Mar 2026 11:00:00 GMT', 0],
  [503, '999999', 86_400_000],
  [429, 'soon', null],
])('%i with "Retry-After: %s" is read as a delay of %j ms', async (status, value, retryAfterMs) => {
  const receiver = await startReceiver((_request, response) => {
    response.writeHead(status, { 'retry-after': value }).end()
  })
  const result = await startSender().send(notificationTo(receiver.url))
  expect(result).toEqual({ kind: 'retry', status, retryAfterMs, reason: `status_${status}` })
})

test('a 429 without Retry-After is retried on schedule', async () => {
  const receiver = await startReceiver((_request, response) => response.writeHead(429).end())
  expect(await startSender().send(notificationTo(receiver.url))).toMatchObject({
    kind: 'retry',
    retryAfterMs: null,
  })
})

test.each([301, 302, 303, 307, 308])('a redirect is not followed: %i', async (status) => {
  const elsewhere = await startReceiver()
  const receiver = await startReceiver((_request, response) => {
    response.writeHead(status, { location: elsewhere.url }).end()
  })
  const result = await startSender().send(notificationTo(receiver.url))
  expect(result).toEqual({ kind: 'retry', status, retryAfterMs: null, reason: `status_${status}` })
  expect(receiver.requests).toHaveLength(1)
  expect(elsewhere.connections()).toBe(0)
})

test('an attempt without a response fails after the time limit', async () => {
  const receiver = await startReceiver(() => {})
  const result = await startSender(200).send(notificationTo(receiver.url))
  expect(result).toEqual({ kind: 'retry', status: null, retryAfterMs: null, reason: 'timeout' })
  await expect.poll(() => receiver.openConnections()).toBe(0)
})

test('an attempt with slow headers fails after the time limit', async () => {
  const url = await startSocketServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const timer = setInterval(() => socket.write('x-a: b\r\n'), 20)
    socket.on('close', () => clearInterval(timer))
  })
  const result = await startSender(300).send(notificationTo(url))
  expect(result).toEqual({ kind: 'retry', status: null, retryAfterMs: null, reason: 'timeout' })
})

test.each([
  ['connection_failed', 'closes the connection without a response', ''],
  ['connection_failed', 'does not use HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['connection_failed', 'sends headers that are too long', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(100_000)}`],
])('%s is the reason for a retry if the target %s', async (reason, _behaviour, response) => {
  const url = await startSocketServer((socket) => socket.on('data', () => socket.end(response)))
  const result = await startSender().send(notificationTo(url))
  expect(result).toEqual({ kind: 'retry', status: null, retryAfterMs: null, reason })
})

test('after a refused connection the notification is retried', async () => {
  const result = await startSender().send(notificationTo(UNREACHABLE_URL))
  expect(result).toEqual({ kind: 'retry', status: null, retryAfterMs: null, reason: 'connection_refused' })
})

test('if the host name is not found, the notification is retried, and the reason does not contain the name', async () => {
  const result = await startSender().send(notificationTo('http://no-such-name.example/hook?token=secret'))
  expect(result).toEqual({ kind: 'retry', status: null, retryAfterMs: null, reason: 'name_not_resolved' })
})

test('after a failed TLS handshake the notification is retried', async () => {
  const receiver = await startReceiver()
  const result = await startSender().send(notificationTo(`https://127.0.0.1:${receiver.port}/`))
  expect(result).toEqual({ kind: 'retry', status: null, retryAfterMs: null, reason: 'tls_failed' })
  expect(receiver.requests).toHaveLength(0)
})

test('closing the sender ends the attempts in progress, and after that nothing more is sent', async () => {
  const receiver = await startReceiver(() => {})
  const sender = startSender()
  const sending = sender.send(notificationTo(receiver.url))
  await expect.poll(() => receiver.requests).toHaveLength(1)
  await sender.close()
  const closed = { kind: 'closed' }
  expect(await sending).toEqual(closed)
  expect(await sender.send(notificationTo(receiver.url))).toEqual(closed)
  expect(receiver.connections()).toBe(1)
})
