import { expect, test } from 'vitest'
import { ADMIN_KEY, API_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { FILE_ID, payload, register } from '../support/webhooks.ts'

const STATUS = `/assets/${FILE_ID}/status`
/** The same address, written so that only Hono knows it. */
const SAME_STATUS = `/assets/%35${FILE_ID.slice(1)}/status`

const KEY = { authorization: `Bearer ${API_KEY}` }

/** All that a caller sees, but for what is new each time. */
async function ask(tracker: RunningTracker, path: string, init: RequestInit) {
  const answer = await fetch(tracker.url + path, init)
  const { date: _, 'x-request-id': requestId, ...headers } = Object.fromEntries(answer.headers)
  const text = await answer.text()
  return { status: answer.status, headers, body: text.replaceAll(requestId ?? '', 'ID') }
}

async function startWithAsset() {
  const tracker = await startTracker()
  const { statusUrl } = await register(tracker, ['remove-bg', 'aws-auto-tagging'])
  const { headers } = await fetch(tracker.url + STATUS, { headers: KEY })
  return { tracker, token: new URL(statusUrl).search, etag: headers.get('etag') ?? '' }
}

test('the status is the same however its address is written, and whoever asks', async () => {
  const { tracker, token, etag } = await startWithAsset()
  const questions: [query: string, headers: Record<string, string>, status: number][] = [
    ['', KEY, 200],
    ['', { authorization: `Basic ${btoa(`${ADMIN_KEY}:`)}` }, 200],
    [token, {}, 200],
    [`${token}&wait=0`, {}, 200],
    ['', { ...KEY, 'if-none-match': etag }, 304],
    ['', { ...KEY, 'if-none-match': '"another"' }, 200],
    ['?wait=61', KEY, 400],
    ['?token=forged', {}, 401],
    ['', { authorization: 'Bearer none-of-the-keys' }, 401],
    ['', {}, 401],
  ]
  for (const [query, headers, status] of questions) {
    const direct = await ask(tracker, STATUS + query, { headers })
    expect(direct.status, `${query} ${JSON.stringify(headers)}`).toBe(status)
    expect(direct.headers).toMatchObject({ 'access-control-allow-origin': '*' })
    expect(await ask(tracker, SAME_STATUS + query, { headers })).toEqual(direct)
  }
  const unknown = await ask(tracker, '/assets/abc/status', { headers: KEY })
  expect(unknown).toMatchObject({ status: 404 })
  expect(await ask(tracker, '/assets/%61bc/status', { headers: KEY })).toEqual(unknown)
})

test('HEAD, OPTIONS and wrong methods of the two addresses are answered as everywhere', async () => {
  const { tracker } = await startWithAsset()
  expect(await ask(tracker, STATUS, { method: 'HEAD', headers: KEY })).toMatchObject({
    status: 200,
    body: '',
  })
  expect(await ask(tracker, STATUS, { method: 'OPTIONS' })).toMatchObject({ status: 204 })
  expect(await ask(tracker, STATUS, { method: 'PUT', headers: KEY })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD, OPTIONS' },
  })
  expect(await ask(tracker, '/webhooks/extension/x', {})).toMatchObject({
    status: 405,
    headers: { allow: 'POST' },
  })
})

test('a webhook is taken and refused alike however its address is written', async () => {
  const { tracker } = await startWithAsset()
  const bodies: [string | Uint8Array<ArrayBuffer>, number][] = [
    [JSON.stringify(payload('remove-bg', 'success')), 200],
    ['no JSON', 400],
    [new Uint8Array(1024 * 1024 + 1), 413],
  ]
  for (const [body, status] of bodies) {
    const [one, other] = await Promise.all([
      register(tracker, ['remove-bg']),
      register(tracker, ['remove-bg']),
    ])
    const direct = await ask(tracker, new URL(one.webhookUrl).pathname, { method: 'POST', body })
    expect(direct.status).toBe(status)
    const written = `${new URL(other.webhookUrl).pathname}?`
    expect(await ask(tracker, written, { method: 'POST', body })).toEqual(direct)
  }
  const forged = await ask(tracker, '/webhooks/extension/x.y', { method: 'POST', body: '{}' })
  expect(forged.status).toBe(401)
  expect(await ask(tracker, '/webhooks/extension/x.y?', { method: 'POST', body: '{}' })).toEqual(forged)
})

test("a sane request id of the caller's is told again, any other is replaced", async () => {
  const { tracker } = await startWithAsset()
  for (const [id, isTold] of [
    ['trace-1=a', true],
    ['no spaces', false],
    ['x'.repeat(256), false],
  ] as const) {
    for (const path of [STATUS, SAME_STATUS]) {
      const { headers } = await fetch(tracker.url + path, { headers: { ...KEY, 'x-request-id': id } })
      expect(headers.get('x-request-id') === id).toBe(isTold)
      expect(headers.get('x-request-id')).toMatch(/^[\w\-=]+$/)
    }
  }
})
