import { expect, onTestFinished, test } from 'vitest'
import { createErrorResponses } from '../../src/http/error-responses.ts'
import { createRequestHandler } from '../../src/http/request-handler.ts'
import { CONNECTION_LIMITS, createHttpServer } from '../../src/http/server.ts'
import { createTestDatabase, openStoreOf } from '../support/database.ts'
import { rawBytes, rawRequest } from '../support/raw-request.ts'
import { startTracker } from '../support/tracker.ts'

const GENERATED_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

test.each([
  '/',
  '/nothing',
  '/assets',
  '/assets/x/status/',
  '/submissions/x/response/y',
  '/webhooks/extension',
  '/webhooks/extension/a/b',
  '/api/v3/files/upload',
  '/problems/unknown',
  '/problems/__proto__',
])('the unknown address %s gets a problem with status 404', async (path) => {
  const tracker = await startTracker()
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    // These paths match the route `/problems/:code`, so other methods get 405.
    if (path.startsWith('/problems') && method !== 'GET') continue
    const response = await tracker.fetch(path, { method })
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const problem = (await response.json()) as { type: string }
    expect(problem).toEqual({
      type: `${tracker.url}/problems/not_found`,
      code: 'not_found',
      title: expect.any(String),
      status: 404,
      detail: expect.any(String),
      requestId: response.headers.get('x-request-id'),
    })
    expect(await (await fetch(problem.type)).json()).toMatchObject({ code: 'not_found', status: 404 })
  }
})

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']

test.each([
  ['/submissions', 'POST'],
  ['/submissions/x', 'GET, HEAD, OPTIONS'],
  ['/submissions/x/response', 'PUT, OPTIONS'],
  ['/webhooks/extension/x.y', 'POST'],
  ['/assets/status', 'GET, HEAD'],
  ['/assets/x', 'DELETE'],
  ['/assets/x/status', 'GET, HEAD, OPTIONS'],
  ['/assets/x/events', 'GET, HEAD, OPTIONS'],
  ['/healthz', 'GET, HEAD'],
  ['/readyz', 'GET, HEAD'],
  ['/problems/not_found', 'GET, HEAD'],
  ['/api/v1/files/upload', 'POST'],
  ['/api/v2/files/upload', 'POST'],
  ['/v1/files/x/details', 'PATCH'],
])('%s responds with 405 to every method but %s, which the Allow header lists', async (path, allow) => {
  const tracker = await startTracker()
  const wrong = METHODS.filter((method) => !allow.split(', ').includes(method))
  for (const method of wrong) {
    const response = await rawRequest(tracker.url, { method, path })
    expect(response.status, method).toBe(405)
    expect(response.headers.allow).toBe(allow)
    expect(response.headers['x-request-id']).toMatch(GENERATED_ID)
    const hasCors = allow.includes('OPTIONS')
    expect(response.headers['access-control-allow-origin']).toBe(hasCors ? '*' : undefined)
    if (method === 'HEAD') continue
    const body = JSON.parse(response.body)
    if (/^\/(api|v1)\//.test(path))
      expect(body).toEqual({ message: expect.any(String), help: expect.any(String) })
    else expect(body).toMatchObject({ code: 'method_not_allowed', status: 405 })
  }
})

test('HEAD responds like GET, without the body', async () => {
  const tracker = await startTracker()
  for (const path of ['/healthz', '/readyz', '/problems/internal', '/nothing', '/assets/x/status']) {
    const [get, head] = [await tracker.fetch(path), await tracker.fetch(path, { method: 'HEAD' })]
    expect(head.status).toBe(get.status)
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    expect(await head.text()).toBe('')
  }
})

test.each(['req-1', 'A_b=9', '0191d8a0-1111-7000-8000-000000000000', 'x'.repeat(255)])(
  'the valid request id %s is returned, in successful responses and in problems',
  async (id) => {
    const tracker = await startTracker()
    const headers = { 'x-request-id': id }
    expect((await tracker.fetch('/healthz', { headers })).headers.get('x-request-id')).toBe(id)
    const problem = await tracker.fetch('/nothing', { headers })
    expect(problem.headers.get('x-request-id')).toBe(id)
    expect(await problem.json()).toMatchObject({ requestId: id })
    const unauthenticated = await fetch(`${tracker.url}/submissions`, { method: 'POST', headers })
    expect(unauthenticated.headers.get('x-request-id')).toBe(id)
  },
)

test.each([undefined, '', 'a b', '<script>', 'ü', 'x'.repeat(256), '{"a":1}'])(
  'the missing or invalid request id %j is replaced by a new one',
  async (id) => {
    const tracker = await startTracker()
    const response = await rawRequest(tracker.url, {
      path: '/nothing',
      headers: { ...(id !== undefined && { 'x-request-id': id }) },
    })
    expect(response.headers['x-request-id']).toMatch(GENERATED_ID)
    expect(JSON.parse(response.body).requestId).toBe(response.headers['x-request-id'])
  },
)

test.each([
  '/%',
  '/%00',
  '/%E0%A4%A',
  '//',
  '/..;/',
  '/assets/%/status',
  '/assets/%E0%A4%A/status',
  '/submissions/%',
])('the malformed address %s gets 401 or 404, not 500', async (path) => {
  const tracker = await startTracker()
  const response = await rawRequest(tracker.url, { path })
  // 401 if the address matches a route that requires a key.
  expect([401, 404]).toContain(response.status)
  expect(JSON.parse(response.body).requestId).toBe(response.headers['x-request-id'])
})

test.each([
  ['GET /a\\b HTTP/1.1\r\nHost: x', 'a backslash in the address'],
  ['OPTIONS * HTTP/1.1\r\nHost: x', 'an asterisk instead of an address'],
  ['GET / HTTP/1.1\r\nHost: a b', 'an invalid Host'],
  ['GET / HTTP/1.1\r\nHost: user@x', 'a Host with a user'],
  ['GET /healthz HTTP/1.1\r\nX: x', 'no Host'],
  ['GET /healthz HTTP/1.0\r\nX: x', 'no Host, although HTTP/1.0 requires none'],
  ['GET http://[::x/ HTTP/1.1\r\nHost: x', 'an invalid absolute address'],
])('%j gets a problem with status 400: %s', async (head) => {
  const tracker = await startTracker()
  const response = await rawBytes(tracker.url, `${head}\r\nConnection: close\r\n\r\n`)
  expect(response).toMatch(/^HTTP\/1\.1 400 /)
  expect(response.toLowerCase()).toContain('content-type: application/problem+json')
  const [, id] = /x-request-id: (\S+)/i.exec(response) ?? []
  expect(id).toMatch(GENERATED_ID)
  const body = JSON.parse(response.slice(response.indexOf('{'), response.lastIndexOf('}') + 1))
  expect(body).toMatchObject({ code: 'invalid_input', status: 400, requestId: id })
})

test('an unknown Expect header is ignored', async () => {
  const tracker = await startTracker()
  const response = await rawRequest(tracker.url, { path: '/healthz', headers: { expect: 'wonders' } })
  expect(response.status).toBe(200)
  expect(response.headers['x-request-id']).toMatch(GENERATED_ID)
})

test("the problem for an internal error does not contain the error's message", async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const broken = () => Promise.reject(new Error('an internal secret'))
  const tracker = await startTracker(
    {},
    { store: { ...real, findAsset: broken, findSubmission: broken } },
    database,
  )
  for (const path of ['/assets/x/status', '/submissions/x']) {
    const response = await tracker.fetch(path)
    expect(response.status).toBe(500)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ code: 'internal', status: 500 })
    expect(text).not.toContain('secret')
  }
})

test('an unhandled error is logged with the request id that the problem has', async () => {
  const logged: { error: unknown; requestId: string }[] = []
  const errorResponses = createErrorResponses(
    () => 'https://tracker.example.com',
    (error, requestId) => void logged.push({ error, requestId }),
  )
  const error = new Error('an error in the error handler')
  const app = { fetch: () => Promise.reject(error) }
  const handler = createRequestHandler(app, { fastPaths: () => false, errorResponses })
  const server = createHttpServer(handler, { errorResponses, noteExceeded: () => {} }, CONNECTION_LIMITS)
  const port = await server.listen('127.0.0.1', 0)
  onTestFinished(() => server.close(0))
  const response = await fetch(`http://127.0.0.1:${port}/`)
  expect(response.status).toBe(500)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const requestId = response.headers.get('x-request-id')
  expect(await response.json()).toMatchObject({ code: 'internal', status: 500, requestId })
  expect(logged).toEqual([{ error, requestId }])
})
