import { once } from 'node:events'
import { request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createTestDatabase, openStoreOf } from '../support/database.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, payload, register, statusOf } from '../support/webhooks.ts'

const MAX_BODY_BYTES = 1024 * 1024

test.each([
  ['an empty body', ''],
  ['plain text', 'hello'],
  ['a truncated JSON text', '{"service":"remove-bg"'],
  ['two JSON texts', '{}{}'],
  ['a form', 'service=remove-bg&status=SUCCESS'],
  [
    'a valid payload, compressed with gzip',
    gzipSync(JSON.stringify(payload('remove-bg', 'success'))),
    { 'content-encoding': 'gzip' },
  ],
  ['UTF-16', Buffer.from('{"service":"remove-bg","status":"SUCCESS"}', 'utf16le')],
] as [body: string, string | Buffer<ArrayBuffer>, { [name: string]: string }?][])(
  '%s is not JSON and gets 400',
  async (_, body, headers = {}) => {
    const tracker = await startTracker()
    const { webhookUrl } = await register(tracker, ['remove-bg'])
    const response = await deliver(webhookUrl, body, headers)
    expect(response).toMatchObject({ status: 400, json: { code: 'invalid_input', status: 400 } })
    expect((await statusOf(tracker)).status).toBe('pending')
  },
)

test('the reason why a body is not JSON contains nothing of the body', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  for (const body of ['hush-hush', '{"a":"hush","b" hush,"c":"hush"}', `{"a":1,"b" hush${'x'.repeat(99)}`]) {
    const { json } = await deliver(webhookUrl, body)
    expect(json['detail']).toMatch(/^The body is not JSON \(.+\)\.$/)
    expect(json['detail']).not.toContain('hush')
  }
})

test('a forged or truncated token, or that of another URL, gets 401 without reading the store', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const calls: string[] = []
  const store = new Proxy(real, {
    get(target, name, receiver) {
      if (typeof name === 'string') calls.push(name)
      return Reflect.get(target, name, receiver)
    },
  })
  const tracker = await startTracker({}, { store }, database)
  const { webhookUrl, submissionId, statusUrl } = await register(tracker, ['remove-bg'], null)
  const other = await register(tracker, ['remove-bg'], null)
  const mac = (url: string) => url.slice(url.lastIndexOf('.') + 1)
  const good = mac(webhookUrl)
  const flipped = (good.startsWith('A') ? 'B' : 'A') + good.slice(1)
  const forged = [
    `${submissionId}.${flipped}`,
    `${submissionId}.${good.slice(0, -1)}`,
    `${submissionId}.${good}A`,
    `${submissionId}.${good}=`,
    `${submissionId}.${mac(other.webhookUrl)}`,
    `${submissionId}.${new URL(statusUrl).searchParams.get('token')}`,
    `${submissionId}.`,
    submissionId,
    good,
    `.${good}`,
    `x${submissionId}.${good}`,
    `${submissionId}%00.${good}`,
    '%',
    '%E0%A4%A',
    'a'.repeat(8000),
  ]
  const callsBefore = calls.length
  for (const token of forged) {
    const response = await deliver(
      `${tracker.url}/webhooks/extension/${token}`,
      payload('remove-bg', 'success'),
    )
    expect(response, token.slice(0, 80)).toMatchObject({ status: 401, json: { code: 'unauthenticated' } })
    expect(JSON.stringify(response.json)).not.toContain(good)
  }
  // The excluded methods are called by timers, and by the log that stores rejected deliveries in the background.
  expect(
    calls
      .slice(callsBefore)
      .filter(
        (method) =>
          !/^(claimDue|listDueNotifications|foldCounters|heartbeat|recoverAbandoned|acquireLease|pruneBodies|saveClockTrust|keepRejected)/.test(
            method,
          ),
      ),
  ).toEqual([])
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).status).toBe(200)
})

test.each([
  ['stops in the middle', { 'content-length': 1000 }],
  ['never ends', {}],
  ['has too large a declared length', { 'content-length': MAX_BODY_BYTES + 1 }],
])('a request whose body %s gets 401 for a forged token before the body is complete', async (_, headers) => {
  const tracker = await startTracker()
  const outgoing = request(`${tracker.url}/webhooks/extension/x.y`, { method: 'POST', headers })
  outgoing.on('error', () => {})
  outgoing.write('{')
  const [response] = await once(outgoing, 'response')
  expect(response.statusCode).toBe(401)
  outgoing.destroy()
})

test('a body with a declared length over 1 MiB gets 413 before it is sent', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const outgoing = request(webhookUrl, { method: 'POST', headers: { 'content-length': MAX_BODY_BYTES + 1 } })
  outgoing.on('error', () => {})
  outgoing.flushHeaders()
  const [response] = await once(outgoing, 'response')
  expect(response.statusCode).toBe(413)
  expect(response.headers['content-type']).toBe('application/problem+json')
  outgoing.destroy()
})

test('a chunked body over 1 MiB gets 413 while it streams, and its connection is closed', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const outgoing = request(webhookUrl, { method: 'POST' })
  const closed = once(outgoing, 'close')
  outgoing.on('error', () => {})
  outgoing.write(Buffer.alloc(MAX_BODY_BYTES, ' '))
  outgoing.write('{}')
  const [response] = await once(outgoing, 'response')
  expect(response.statusCode).toBe(413)
  response.resume()
  // The body never ends, so only the server can have closed the connection.
  await closed
  expect((await statusOf(tracker)).status).toBe('pending')
})

test('a body of exactly 1 MiB is accepted', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const body = JSON.stringify(payload('remove-bg', 'success')).padEnd(MAX_BODY_BYTES, ' ')
  expect(await deliver(webhookUrl, body)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
})

test('the webhook route allows only POST', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const response = await fetch(webhookUrl, { method })
    expect(response.status, method).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
  }
})

test('a webhook whose sender disconnects before the end of the body does not settle its run', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const outgoing = request(webhookUrl, { method: 'POST', headers: { 'content-length': 1000 } })
  outgoing.on('error', () => {})
  outgoing.write('{"service":"remove-bg","status":"SUCCESS"')
  await once(outgoing, 'socket')
  outgoing.destroy()
  expect((await statusOf(tracker)).status).toBe('pending')
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).json).toEqual({ outcome: 'applied' })
})
