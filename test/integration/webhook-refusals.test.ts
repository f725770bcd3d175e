import { once } from 'node:events'
import { request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createTestDatabase, openStoreOf } from '../support/database.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, payload, register, statusOf } from '../support/webhooks.ts'

const LIMIT = 1024 * 1024

test.each([
  ['an empty body', ''],
  ['a text', 'hello'],
  ['half a JSON text', '{"service":"remove-bg"'],
  ['two JSON texts', '{}{}'],
  ['a form', 'service=remove-bg&status=SUCCESS'],
  ['a gzip of a good payload', gzipSync(JSON.stringify(payload('remove-bg', 'success')))],
  ['UTF-16', Buffer.from('{"service":"remove-bg","status":"SUCCESS"}', 'utf16le')],
])('%s is not JSON and answered 400', async (_, body) => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const headers = typeof body === 'string' ? {} : { 'content-encoding': 'gzip' }
  const answer = await deliver(webhookUrl, body, headers)
  expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_input', status: 400 } })
  expect((await statusOf(tracker)).status).toBe('pending')
})

test('why a body is no JSON is told without a word of the body', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  for (const body of ['hush-hush', '{"a":"hush","b" hush,"c":"hush"}', `{"a":1,"b" hush${'x'.repeat(99)}`]) {
    const { json } = await deliver(webhookUrl, body)
    expect(json['detail']).toMatch(/^The body is not JSON \(.+\)\.$/)
    expect(json['detail']).not.toContain('hush')
  }
})

test('a token that is forged, cut, of another purpose or another submission is 401, and the store is not asked', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const asked: string[] = []
  const store = new Proxy(real, {
    get(target, name, receiver) {
      if (typeof name === 'string') asked.push(name)
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
  const counted = asked.length
  for (const token of forged) {
    const answer = await deliver(
      `${tracker.url}/webhooks/extension/${token}`,
      payload('remove-bg', 'success'),
    )
    expect(answer, token.slice(0, 80)).toMatchObject({ status: 401, json: { code: 'unauthenticated' } })
    expect(JSON.stringify(answer.json)).not.toContain(good)
  }
  // Apart from the timers' own steps, and the log of refused deliveries, which only writes.
  expect(
    asked
      .slice(counted)
      .filter(
        (step) =>
          !/^(claimDue|foldCounters|heartbeat|recoverAbandoned|acquireLease|pruneBodies|saveClockTrust|keepRejected)/.test(
            step,
          ),
      ),
  ).toEqual([])
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).status).toBe(200)
})

test.each([
  ['stops in the middle', { 'content-length': 1000 }],
  ['never says that it is over', {}],
  ['is announced as too large', { 'content-length': LIMIT + 1 }],
])('a forged token whose body %s is refused soon with 401', async (_, headers) => {
  const tracker = await startTracker()
  const outgoing = request(`${tracker.url}/webhooks/extension/x.y`, { method: 'POST', headers })
  outgoing.on('error', () => {})
  outgoing.write('{')
  const [answer] = await once(outgoing, 'response')
  expect(answer.statusCode).toBe(401)
  outgoing.destroy()
})

test('a body over 1 MiB is refused with 413 by its announced length, before it is sent', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const outgoing = request(webhookUrl, { method: 'POST', headers: { 'content-length': LIMIT + 1 } })
  outgoing.on('error', () => {})
  outgoing.flushHeaders()
  const [answer] = await once(outgoing, 'response')
  expect(answer.statusCode).toBe(413)
  expect(answer.headers['content-type']).toBe('application/problem+json')
  outgoing.destroy()
})

test('a chunked body is cut with 413 while it streams, and its connection is given up', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const outgoing = request(webhookUrl, { method: 'POST' })
  const failed = once(outgoing, 'close')
  outgoing.on('error', () => {})
  outgoing.write(Buffer.alloc(LIMIT, ' '))
  outgoing.write('{}')
  const [answer] = await once(outgoing, 'response')
  expect(answer.statusCode).toBe(413)
  answer.resume()
  // It never says that its body is over.
  await failed
  expect((await statusOf(tracker)).status).toBe('pending')
})

test('a body of exactly 1 MiB is taken', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const body = JSON.stringify(payload('remove-bg', 'success')).padEnd(LIMIT, ' ')
  expect(await deliver(webhookUrl, body)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
})

test('the address takes POST alone', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const answer = await fetch(webhookUrl, { method })
    expect(answer.status, method).toBe(405)
    expect(answer.headers.get('allow')).toBe('POST')
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  }
})

test('a caller who leaves in the middle of a body leaves nothing behind', async () => {
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
