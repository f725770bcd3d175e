import { createHmac, timingSafeEqual } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { parseSigningSecrets } from '../../src/config/webhooks.ts'
import { createNotificationSender } from '../../src/notifications/send-notification.ts'
import { startReceiver } from '../support/receiver.ts'

const KEYS = ['the first key, which is older', 'the second key, which is newer'] as const
const NOW = Date.parse('2026-03-01T12:00:00.900Z')
const BODY = '{"service":"remove-bg","status":"SUCCESS","fileId":"é-1"}'

function startSender(options: { keys?: readonly string[]; timeoutMs?: number; clock?: () => number } = {}) {
  const { keys = [], clock = () => NOW, timeoutMs = 5_000 } = options
  const text = keys.map((key) => `whsec_${Buffer.from(key).toString('base64')}`).join(',')
  const secrets = text === '' ? [] : parseSigningSecrets(text).secrets
  const sender = createNotificationSender({ secrets, allowPrivateTargets: true, timeoutMs, clock })
  onTestFinished(() => sender.close())
  return sender
}

const notificationTo = (target: string) => ({ notificationId: 'msg_run-1', target, body: BODY })

/** Whether a receiver that knows only this key accepts the signature. */
function isSignedWith(
  key: string,
  request: { headers: NodeJS.Dict<string | string[]>; body: string },
): boolean {
  const {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures,
  } = request.headers
  const hmac = createHmac('sha256', Buffer.from(key))
  const mac = hmac.update(Buffer.from(`${String(id)}.${String(timestamp)}.${request.body}`)).digest()
  return String(signatures)
    .split(' ')
    .map((signature) => Buffer.from(signature.replace(/^v1,/, ''), 'base64'))
    .some((signature) => signature.length === mac.length && timingSafeEqual(signature, mac))
}

test('a notification is posted unchanged, with its id, a timestamp and a signature', async () => {
  const receiver = await startReceiver()
  const result = await startSender({ keys: [KEYS[0]] }).send(notificationTo(`${receiver.url}?appId=1`))
  expect(result).toEqual({ kind: 'delivered', status: 200 })
  const [request] = receiver.requests
  expect(request).toMatchObject({
    method: 'POST',
    path: '/hook?appId=1',
    body: BODY,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'imagekit-extension-tracker',
      'content-length': String(Buffer.byteLength(BODY)),
      'webhook-id': 'msg_run-1',
      'webhook-timestamp': String(Math.floor(NOW / 1000)),
    },
  })
  expect(request && isSignedWith(KEYS[0], request)).toBe(true)
  expect(request && isSignedWith(KEYS[1], request)).toBe(false)
  expect(request && isSignedWith(KEYS[0], { ...request, body: `${request.body} ` })).toBe(false)
})

test('with two secrets, a receiver that knows either of them can verify a notification', async () => {
  const receiver = await startReceiver()
  await startSender({ keys: KEYS }).send(notificationTo(receiver.url))
  const [request] = receiver.requests
  expect(String(request?.headers['webhook-signature'])).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/)
  expect(KEYS.map((key) => request && isSignedWith(key, request))).toEqual([true, true])
})

test('without a secret a notification is not signed', async () => {
  const receiver = await startReceiver()
  await startSender().send(notificationTo(receiver.url))
  expect(receiver.requests[0]?.headers).toHaveProperty('webhook-id')
  expect(receiver.requests[0]?.headers).not.toHaveProperty('webhook-signature')
})

test('each attempt has the same id, and its own time and signature', async () => {
  let now = NOW
  const receiver = await startReceiver((_request, response) => response.writeHead(500).end())
  const sender = startSender({ keys: [KEYS[0]], clock: () => now })
  await sender.send(notificationTo(receiver.url))
  now += 5_000
  await sender.send(notificationTo(receiver.url))
  const [first, second] = receiver.requests
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  expect(Number(second?.headers['webhook-timestamp'])).toBe(Number(first?.headers['webhook-timestamp']) + 5)
  expect(first && isSignedWith(KEYS[0], first)).toBe(true)
  expect(second && isSignedWith(KEYS[0], second)).toBe(true)
})

test.each([200, 201, 202, 204, 299])('%i counts as delivered', async (status) => {
  const receiver = await startReceiver((_request, response) => response.writeHead(status).end())
  expect(await startSender().send(notificationTo(receiver.url))).toEqual({ kind: 'delivered', status })
})

test('a target can be a host name or an IPv6 address', async () => {
  const receiver = await startReceiver()
  const sender = startSender()
  for (const host of ['localhost', '[::1]', '[::ffff:127.0.0.1]'])
    expect(await sender.send(notificationTo(`http://${host}:${receiver.port}/`))).toMatchObject({
      kind: 'delivered',
    })
  expect(receiver.requests).toHaveLength(3)
})

test('a short response is read to its end, and its connection is reused', async () => {
  const receiver = await startReceiver((_request, response) => response.end('x'.repeat(60 * 1024)))
  const sender = startSender()
  for (let count = 0; count < 10; count += 1) await sender.send(notificationTo(receiver.url))
  expect(receiver.requests).toHaveLength(10)
  // The next notification may be sent just before a connection is free again.
  expect(receiver.connections()).toBeLessThanOrEqual(2)
})

test('little of an endless response is read, and its connection is closed', async () => {
  let written = 0
  const receiver = await startReceiver((_request, response) => {
    const chunk = Buffer.alloc(16 * 1024)
    const write = () => {
      do written += chunk.length
      while (!response.destroyed && response.write(chunk))
    }
    response.on('drain', write)
    write()
  })
  expect(await startSender().send(notificationTo(receiver.url))).toEqual({ kind: 'delivered', status: 200 })
  await expect.poll(() => receiver.openConnections()).toBe(0)
  // Bytes that were written but not read are in the buffers of the two sockets.
  expect(written).toBeLessThan(16 * 1024 * 1024)
})

test('a response that declares a huge length is not read', async () => {
  const receiver = await startReceiver((_request, response) => {
    response.writeHead(200, { 'content-length': 10 * 1024 ** 3 }).write('x')
  })
  const startedAt = performance.now()
  expect(await startSender().send(notificationTo(receiver.url))).toEqual({ kind: 'delivered', status: 200 })
  expect(performance.now() - startedAt).toBeLessThan(3_000)
  await expect.poll(() => receiver.openConnections()).toBe(0)
})

test('a slow response is read until the time limit of the attempt, and its status counts', async () => {
  const receiver = await startReceiver((_request, response) => {
    response.writeHead(200).write('x')
    const timer = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(timer))
  })
  const startedAt = performance.now()
  expect(await startSender({ timeoutMs: 300 }).send(notificationTo(receiver.url))).toEqual({
    kind: 'delivered',
    status: 200,
  })
  expect(performance.now() - startedAt).toBeLessThan(3_000)
  await expect.poll(() => receiver.openConnections()).toBe(0)
})

test('a hundred concurrent notifications arrive once each', async () => {
  const receiver = await startReceiver(async (_request, response) => {
    await pause(5)
    response.end()
  })
  const sender = startSender()
  const ids = Array.from({ length: 100 }, (_, index) => `msg_${index}`)
  const results = await Promise.all(
    ids.map((notificationId) => sender.send({ ...notificationTo(receiver.url), notificationId })),
  )
  expect(results.every((result) => result.kind === 'delivered')).toBe(true)
  expect(receiver.requests).toHaveLength(100)
  expect(new Set(receiver.requests.map((request) => request.headers['webhook-id']))).toEqual(new Set(ids))
})
