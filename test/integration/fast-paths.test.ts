import { expect, test } from 'vitest'
import { ADMIN_KEY, API_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { FILE_ID, payload, register } from '../support/webhooks.ts'

const STATUS = `/assets/${FILE_ID}/status`
/** The same path with its first digit, 5, encoded: the fast path does not match it, only Hono's router does. */
const ENCODED_STATUS = `/assets/%35${FILE_ID.slice(1)}/status`

const KEY = { authorization: `Bearer ${API_KEY}` }

/** Sends a request. Resolves with its response, without the date and the request id. */
async function send(tracker: RunningTracker, path: string, init: RequestInit) {
  const response = await fetch(tracker.url + path, init)
  const { date: _, 'x-request-id': requestId, ...headers } = Object.fromEntries(response.headers)
  const text = await response.text()
  return { status: response.status, headers, body: text.replaceAll(requestId ?? '', 'ID') }
}

async function startWithAsset() {
  const tracker = await startTracker()
  const { statusUrl } = await register(tracker, ['remove-bg', 'aws-auto-tagging'])
  const { headers } = await fetch(tracker.url + STATUS, { headers: KEY })
  return { tracker, token: new URL(statusUrl).search, etag: headers.get('etag') ?? '' }
}

test('a status request gets the same response with and without the fast path, whatever its query and credentials', async () => {
  const { tracker, token, etag } = await startWithAsset()
  const requests: [query: string, headers: Record<string, string>, status: number][] = [
    ['', KEY, 200],
    ['', { authorization: `Basic ${btoa(`${ADMIN_KEY}:`)}` }, 200],
    [token, {}, 200],
    [`${token}&wait=0`, {}, 200],
    ['', { ...KEY, 'if-none-match': etag }, 304],
    ['', { ...KEY, 'if-none-match': '"another"' }, 200],
    // The maximum is 60.
    ['?wait=61', KEY, 400],
    ['?token=forged', {}, 401],
    ['', { authorization: 'Bearer none-of-the-keys' }, 401],
    ['', {}, 401],
  ]
  for (const [query, headers, status] of requests) {
    const fast = await send(tracker, STATUS + query, { headers })
    expect(fast.status, `${query} ${JSON.stringify(headers)}`).toBe(status)
    expect(fast.headers).toMatchObject({ 'access-control-allow-origin': '*' })
    expect(await send(tracker, ENCODED_STATUS + query, { headers })).toEqual(fast)
  }
  const unknown = await send(tracker, '/assets/abc/status', { headers: KEY })
  expect(unknown).toMatchObject({ status: 404 })
  expect(await send(tracker, '/assets/%61bc/status', { headers: KEY })).toEqual(unknown)
})

test('the path of the status also serves HEAD and OPTIONS, and wrong methods on the two fast paths get 405', async () => {
  const { tracker } = await startWithAsset()
  expect(await send(tracker, STATUS, { method: 'HEAD', headers: KEY })).toMatchObject({
    status: 200,
    body: '',
  })
  expect(await send(tracker, STATUS, { method: 'OPTIONS' })).toMatchObject({ status: 204 })
  expect(await send(tracker, STATUS, { method: 'PUT', headers: KEY })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD, OPTIONS' },
  })
  expect(await send(tracker, '/webhooks/extension/x', {})).toMatchObject({
    status: 405,
    headers: { allow: 'POST' },
  })
})

test('a webhook gets the same response with and without an empty query, which bypasses the fast path', async () => {
  const { tracker } = await startWithAsset()
  const bodies: [body: string | Uint8Array<ArrayBuffer>, status: number][] = [
    [JSON.stringify(payload('remove-bg', 'success')), 200],
    ['no JSON', 400],
    [new Uint8Array(1024 * 1024 + 1), 413],
  ]
  for (const [body, status] of bodies) {
    const [one, other] = await Promise.all([
      register(tracker, ['remove-bg']),
      register(tracker, ['remove-bg']),
    ])
    const fast = await send(tracker, new URL(one.webhookUrl).pathname, { method: 'POST', body })
    expect(fast.status).toBe(status)
    const withQuery = `${new URL(other.webhookUrl).pathname}?`
    expect(await send(tracker, withQuery, { method: 'POST', body })).toEqual(fast)
  }
  const forged = await send(tracker, '/webhooks/extension/x.y', { method: 'POST', body: '{}' })
  expect(forged.status).toBe(401)
  expect(await send(tracker, '/webhooks/extension/x.y?', { method: 'POST', body: '{}' })).toEqual(forged)
})

test('a valid request id of the caller is returned, and an invalid one is replaced', async () => {
  const { tracker } = await startWithAsset()
  for (const [id, isReturned] of [
    ['trace-1=a', true],
    ['no spaces', false],
    // A request id has at most 255 characters.
    ['x'.repeat(256), false],
  ] as const) {
    for (const path of [STATUS, ENCODED_STATUS]) {
      const { headers } = await fetch(tracker.url + path, { headers: { ...KEY, 'x-request-id': id } })
      expect(headers.get('x-request-id') === id).toBe(isReturned)
      expect(headers.get('x-request-id')).toMatch(/^[\w\-=]+$/)
    }
  }
})
