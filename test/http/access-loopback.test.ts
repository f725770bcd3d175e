import type { OutgoingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { rawRequest } from '../support/raw-request.ts'
import { ADMIN_KEY, API_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, payload, register } from '../support/webhooks.ts'

const KEYLESS = { TRACKER_API_KEY: '', TRACKER_ADMIN_KEY: '' }

const send = (tracker: RunningTracker, headers: OutgoingHttpHeaders, path = '/healthz', method = 'GET') =>
  rawRequest(tracker.url, { path, method, headers })

/** Headers with which a request does not count as local. */
const NON_LOCAL: [string, OutgoingHttpHeaders][] = [
  ['a foreign Host', { host: 'evil.example' }],
  ['a foreign Host with a port', { host: 'evil.example:3000' }],
  ['a Host that starts like a loopback address', { host: '127.0.0.1.evil.example' }],
  ['a Host that starts like localhost', { host: 'localhost.evil.example' }],
  ['a Host in the local network', { host: '192.168.1.7' }],
  ['the Host 0.0.0.0', { host: '0.0.0.0:3000' }],
  ['Forwarded', { forwarded: 'for=192.0.2.1' }],
  ['X-Forwarded-For', { 'x-forwarded-for': '127.0.0.1' }],
  ['X-Forwarded-Host', { 'X-Forwarded-Host': 'localhost' }],
  ['X-Forwarded-Proto', { 'x-forwarded-proto': 'https' }],
  ['an empty X-Forwarded-For', { 'x-forwarded-for': '' }],
  ['a foreign Origin', { origin: 'https://evil.example' }],
  ['the Origin of a sandboxed page', { origin: 'null' }],
  [
    'the Origin of a sandboxed page and Sec-Fetch-Site: cross-site',
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
  ],
  [
    'a foreign Origin and Sec-Fetch-Site: same-origin',
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
  ],
  ['an Origin that starts like a loopback address', { origin: 'http://127.0.0.1.evil.example' }],
  ['the Origin of another port of this machine', { origin: 'http://localhost:1' }],
  [
    'the Origin of another port and Sec-Fetch-Site: same-origin',
    { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-origin' },
  ],
  ['Sec-Fetch-Site: cross-site, without Origin', { 'sec-fetch-site': 'cross-site' }],
  ['Sec-Fetch-Site: same-site, without Origin', { 'sec-fetch-site': 'same-site' }],
  ...[
    'Via',
    'X-Real-IP',
    'X-Forwarded',
    'X-Client-IP',
    'X-Cluster-Client-IP',
    'X-Original-Forwarded-For',
    'True-Client-IP',
    'CF-Connecting-IP',
    'CF-Ray',
    'CDN-Loop',
    'Fastly-Client-IP',
    'Fly-Client-IP',
    'X-Azure-ClientIP',
    'X-Envoy-External-Address',
  ].map((name): [string, OutgoingHttpHeaders] => [name, { [name]: '127.0.0.1' }]),
]

test.each(NON_LOCAL)(
  'without keys a request with %s gets 403 at every kind of API address',
  async (_, headers) => {
    const tracker = await startTracker(KEYLESS)
    const addresses = [
      ['GET', '/healthz'],
      ['GET', '/assets/x/status'],
      ['POST', '/submissions'],
      ['POST', '/webhooks/extension/x.y'],
      ['GET', '/nothing'],
      ['DELETE', '/healthz'],
      ['OPTIONS', '/assets/x/status'],
    ] as const
    for (const [method, path] of addresses) {
      const response = await send(tracker, headers, path, method)
      expect(response.status, `${method} ${path}`).toBe(403)
      expect(JSON.parse(response.body)).toMatchObject({ code: 'forbidden', status: 403 })
      expect(response.headers['x-request-id']).toEqual(expect.any(String))
      expect(response.headers).not.toHaveProperty('access-control-allow-origin')
    }
    const upload = await send(tracker, headers, '/api/v1/files/upload', 'POST')
    expect(upload.status).toBe(403)
    expect(JSON.parse(upload.body)).toEqual({ message: expect.any(String), help: expect.any(String) })
  },
)

test.each([
  { host: '127.0.0.1' },
  { host: '127.8.9.10:3000' },
  { host: 'localhost:3000' },
  { host: 'LOCALHOST' },
  { host: '[::1]:3000' },
  { host: 'localhost:3000', origin: 'http://localhost:3000' },
  { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-origin' },
  { host: 'localhost', origin: 'http://localhost' },
  // The address was typed into the browser.
  { 'sec-fetch-site': 'none' },
  // One of our pages sent the request.
  { 'sec-fetch-site': 'same-origin' },
  // One of our pages sent a form: with its `Referrer-Policy: no-referrer`, the browser sends `Origin: null`.
  { origin: 'null', 'sec-fetch-site': 'same-origin' },
])('without keys a request with %j is accepted', async (headers) => {
  const tracker = await startTracker(KEYLESS)
  expect((await send(tracker, headers)).status).toBe(200)
})

test.each([
  ['API', { TRACKER_API_KEY: '' }, ADMIN_KEY],
  ['admin', { TRACKER_ADMIN_KEY: '' }, API_KEY],
])('requests must also be local if only the %s key is missing', async (_, env, key) => {
  const tracker = await startTracker(env)
  const headers = { host: 'evil.example', authorization: `Bearer ${key}` }
  expect((await send(tracker, headers)).status).toBe(403)
})

test.each(NON_LOCAL)('with both keys a request with %s is accepted', async (_, headers) => {
  const tracker = await startTracker()
  expect((await send(tracker, headers)).status).toBe(200)
  const response = await send(tracker, { ...headers, authorization: `Bearer ${API_KEY}` }, '/assets/x/status')
  expect(response.status).toBe(404)
})

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', undefined])(
  'without keys a body of type %s gets 415, and nothing is written',
  async (type) => {
    const tracker = await startTracker(KEYLESS)
    const headers = type === undefined ? {} : { 'content-type': type }
    for (const [method, path, body] of [
      ['POST', '/submissions', '{"extensions":[{"name":"remove-bg"}],"fileId":"f"}'],
      ['PUT', '/submissions/x/response', '{"fileId":"f"}'],
      ['PATCH', '/v1/files/f/details', '{"extensions":[{"name":"remove-bg"}]}'],
      ['POST', '/reconcile', '{"dryRun":false}'],
    ] as const) {
      const response = await rawRequest(tracker.url, { path, method, headers, body })
      expect(response.status, path).toBe(415)
    }
    expect((await tracker.fetch('/assets/f/status')).status).toBe(404)
    const json = { headers: { 'content-type': 'application/json; charset=utf-8' } }
    const body = '{"extensions":[{"name":"remove-bg"}],"fileId":"f"}'
    expect((await tracker.fetch('/submissions', { method: 'POST', body, ...json })).status).toBe(201)
  },
)

test('without keys a request without a body needs no Content-Type', async () => {
  const tracker = await startTracker(KEYLESS)
  expect((await send(tracker, {}, '/runs/x/acknowledge', 'POST')).status).toBe(404)
})

test('without keys a local ImageKit still delivers its webhooks', async () => {
  const tracker = await startTracker(KEYLESS)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).json).toEqual({ outcome: 'applied' })
})
