import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { requiresAdmin } from '../../src/domain/passthrough.ts'
import { FORWARDED_ROUTES, type ForwardedRoute } from '../../src/imagekit/forwarded-routes.ts'
import { UNREACHABLE_URL } from '../support/misbehaving-imagekit.ts'
import { rawRequest } from '../support/raw-request.ts'
import { ADMIN_KEY, API_KEY, IMAGEKIT_KEY, startTracker } from '../support/tracker.ts'
import { FILE_ID, statusOf } from '../support/webhooks.ts'
import { errorOf, pathOf, send, startForwarding } from './forwarding.ts'

describe('each forwarded route', () => {
  test('passes on the request, and every response of ImageKit unchanged', async () => {
    let answer = { status: 0, text: '' }
    const { imagekit, tracker } = await startForwarding(async ({ incoming, outgoing }) => {
      for await (const _chunk of incoming);
      const type = answer.text === '' ? {} : { 'content-type': 'application/json' }
      outgoing.writeHead(answer.status, type).end(answer.text)
    })
    for (const route of FORWARDED_ROUTES) {
      // Operators' routes accept no query.
      const path = `${pathOf(route)}${requiresAdmin(route) ? '' : '?name=%2F..&unknown'}`
      const answers = [
        ...route.statuses.map((status) => ({ status, text: status === 204 ? '' : '{"any":[1]}' })),
        ...[418, 503].map((status) => ({ status, text: '{"message":"No.","help":"None."}' })),
      ]
      for (answer of answers) {
        const response = await send(tracker, route, { path })
        expect([route.id, response.status, await response.text()]).toEqual([
          route.id,
          answer.status,
          answer.text,
        ])
        const call = imagekit.calls.at(-1)
        expect([call?.incoming.method, call?.path]).toEqual([route.method, path])
      }
    }
  })

  test('accepts a trailing slash, and rejects a path that could arrive as another one', async () => {
    const { imagekit, tracker } = await startForwarding((call) => call.respond(200, '{}'))
    for (const route of FORWARDED_ROUTES) {
      expect((await send(tracker, route, { path: `${pathOf(route)}/` })).status, route.id).toBe(200)
      expect(imagekit.calls.at(-1)?.path).toBe(pathOf(route))
    }
    const calls = imagekit.calls.length
    for (const route of FORWARDED_ROUTES) {
      const authorization = `Bearer ${requiresAdmin(route) ? ADMIN_KEY : API_KEY}`
      const path = pathOf(route).replace('/v1/', '/v1/%66/../').replace('/%66/..', '/x/%2e%2e')
      const rejected = await rawRequest(tracker.url, {
        method: route.method,
        path,
        headers: { authorization, 'content-type': 'application/json' },
      })
      expect(rejected.status, `${route.id} ${path}`).toBe(400)
    }
    expect(imagekit.calls).toHaveLength(calls)
  })

  test('responds with 502 if ImageKit is unreachable or redirects; after a POST, SDKs must not repeat it', async () => {
    const env = { IMAGEKIT_PASSTHROUGH: 'all', IMAGEKIT_API_URL: UNREACHABLE_URL }
    const unreachable = await startTracker(env)
    for (const route of FORWARDED_ROUTES)
      expect(await errorOf(await send(unreachable, route)), route.id).toEqual({
        status: 502,
        message: 'The connection to ImageKit failed or broke.',
        shouldRetry: route.method === 'POST' ? 'false' : null,
      })
    const { imagekit, tracker } = await startForwarding((call) =>
      call.respond(307, '', { location: `${imagekit.url}/elsewhere` }),
    )
    const [list] = FORWARDED_ROUTES
    if (list === undefined) throw new Error('there are no routes')
    const redirected = await errorOf(await send(tracker, list))
    expect(redirected).toMatchObject({ status: 502, message: expect.stringContaining('IMAGEKIT_API_URL') })
    expect(imagekit.calls).toHaveLength(1)
  })

  test('responds with 504 if ImageKit does not respond in time', async () => {
    const { tracker } = await startForwarding(() => {}, { imagekitTimeoutMs: 200 })
    const responses = await Promise.all(FORWARDED_ROUTES.map((route) => send(tracker, route)))
    for (const response of responses) expect(await errorOf(response)).toMatchObject({ status: 504 })
  })

  test('without keys, accepts only JSON bodies', async () => {
    const env = { IMAGEKIT_PASSTHROUGH: 'all', TRACKER_API_KEY: '', TRACKER_ADMIN_KEY: '' }
    const tracker = await startTracker(env)
    for (const route of FORWARDED_ROUTES.filter(({ hasBody }) => hasBody)) {
      const headers = { authorization: '', 'content-type': 'text/plain' }
      expect((await send(tracker, route, { headers })).status, route.id).toBe(415)
    }
  })
})

const LIST = { path: '/v1/files' }

test('the private key replaces the caller’s key, and neither cookies nor proxy headers are forwarded', async () => {
  const { imagekit, tracker } = await startForwarding((call) => call.respond(200, '[]'))
  const headers = {
    cookie: 'session=1',
    'x-forwarded-for': '10.0.0.1',
    'x-real-ip': '10.0.0.1',
    forwarded: 'for=10.0.0.1',
    te: 'trailers',
    'x-custom': '1',
    accept: 'application/json',
    'if-none-match': '"1"',
    authorization: `Bearer ${API_KEY}`,
  }
  await rawRequest(tracker.url, { ...LIST, headers })
  const [call] = imagekit.calls
  expect(call?.headers).toEqual({
    authorization: `Basic ${Buffer.from(`${IMAGEKIT_KEY}:`).toString('base64')}`,
    accept: 'application/json',
    'if-none-match': '"1"',
    host: new URL(imagekit.url).host,
    connection: 'keep-alive',
  })
})

test('of the response, the body and the headers about it, its caching and ImageKit’s limits are passed on', async () => {
  const passedOn = {
    'content-type': 'application/json; charset=utf-8',
    etag: '"v1"',
    'cache-control': 'private, max-age=5',
    'last-modified': 'Mon, 02 Mar 2026 12:00:00 GMT',
    'x-ik-requestid': 'ik-1',
    'x-ratelimit-limit': '10',
    'x-ratelimit-reset': '1000',
    'x-ratelimit-interval': '1000',
    'retry-after': '1',
  }
  const kept = { 'set-cookie': 'a=1', 'x-powered-by': 'x', 'x-request-id': 'theirs', location: '/x' }
  const { tracker } = await startForwarding((call) => call.respond(200, '[1]', { ...passedOn, ...kept }))
  const response = await tracker.fetch(LIST.path, { headers: { 'x-request-id': 'mine' } })
  expect(await response.text()).toBe('[1]')
  expect(Object.fromEntries(response.headers)).toMatchObject({ ...passedOn, 'x-request-id': 'mine' })
  for (const name of ['set-cookie', 'x-powered-by', 'location'])
    expect(response.headers.has(name)).toBe(false)
})

test('HEAD responds like GET, without the body; 304 is passed on', async () => {
  let status = 200
  const { tracker } = await startForwarding(({ outgoing }) =>
    status === 304
      ? outgoing.writeHead(304, { etag: '"v1"' }).end()
      : outgoing.writeHead(200, { 'content-type': 'application/json', etag: '"v1"' }).write(' '.repeat(1e6)),
  )
  for (status of [200, 304]) {
    const response = await tracker.fetch(LIST.path, { method: status === 200 ? 'HEAD' : 'GET' })
    expect([response.status, response.headers.get('etag')]).toEqual([status, '"v1"'])
    expect(await response.text()).toBe('')
  }
})

test('a response streams through as it arrives, and one that breaks breaks for the caller, too', async () => {
  const { imagekit, tracker } = await startForwarding((call) => call.beginResponse(200, '[1,'))
  const response = await tracker.fetch(LIST.path)
  const reader = response.body?.getReader()
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('[1,')
  imagekit.calls[0]?.breakOff()
  await expect(reader?.read()).rejects.toThrow()
})

test('a caller that disconnects ends a request that reads', async () => {
  const abort = new AbortController()
  const { imagekit, tracker } = await startForwarding(() => abort.abort())
  await expect(tracker.fetch(LIST.path, { signal: abort.signal })).rejects.toThrow()
  await imagekit.calls[0]?.closed
})

test('a caller that disconnects does not end a request that changes something, nor keep its effect from being recorded', async () => {
  const abort = new AbortController()
  const { imagekit, tracker } = await startForwarding(
    () => abort.abort(),
    {},
    { MAX_CONCURRENT_UPLOADS: '1' },
  )
  const body = JSON.stringify({ fileId: FILE_ID, extensions: [{ name: 'remove-bg' }] })
  const headers = { 'content-type': 'application/json' }
  await tracker.fetch('/submissions', { method: 'POST', headers, body })
  const authorization = `Bearer ${ADMIN_KEY}`
  const deletion = { method: 'DELETE', headers: { authorization } }
  const sent = tracker.fetch(`/v1/files/${FILE_ID}`, { ...deletion, signal: abort.signal })
  await expect(sent).rejects.toThrow()
  const [call] = imagekit.calls
  expect(call?.isClosed).toBe(false)
  // A body that nobody reads must not occupy the place of another request.
  call?.outgoing.writeHead(200).write('x')
  await expect.poll(() => statusOf(tracker)).toMatchObject({ status: 'expired' })
  const next = tracker.fetch(LIST.path)
  await expect.poll(() => imagekit.calls.length).toBe(2)
  imagekit.calls[1]?.respond(200, '[]')
  expect((await next).status).toBe(200)
})

test('beyond MAX_CONCURRENT_UPLOADS, requests get 503 until the whole response to another has been passed on', async () => {
  const { imagekit, tracker } = await startForwarding(() => {}, {}, { MAX_CONCURRENT_UPLOADS: '1' })
  const first = tracker.fetch(LIST.path)
  await expect.poll(() => imagekit.calls.length).toBe(1)
  const expectRejected = async (route: ForwardedRoute) => {
    const response = await send(tracker, route)
    expect(response.headers.get('retry-after'), route.id).not.toBeNull()
    expect(await errorOf(response), route.id).toMatchObject({
      status: 503,
      message: '1 forwarded requests are already in progress. Try again shortly.',
    })
  }
  for (const route of FORWARDED_ROUTES) await expectRejected(route)
  expect(imagekit.calls).toHaveLength(1)
  imagekit.calls[0]?.outgoing.writeHead(200, { 'content-type': 'application/json' }).write('[')
  const response = await first
  const [list] = FORWARDED_ROUTES
  if (list === undefined) throw new Error('there are no routes')
  await expectRejected(list)
  imagekit.calls[0]?.outgoing.end(']')
  expect(await response.text()).toBe('[]')
  const next = tracker.fetch(LIST.path)
  await expect.poll(() => imagekit.calls.length).toBe(2)
  imagekit.calls[1]?.respond(200, '[]')
  expect((await next).status).toBe(200)
})

test('a response over 64 MiB is aborted', async () => {
  const { imagekit, tracker } = await startForwarding(async ({ incoming, outgoing }) => {
    for await (const _chunk of incoming);
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    for (let sent = 0; sent < 80 && !outgoing.destroyed; sent += 1)
      if (!outgoing.write(chunk)) await Promise.race([once(outgoing, 'drain'), once(outgoing, 'close')])
  })
  const deletion = FORWARDED_ROUTES.find(({ id }) => id === 'deleteFiles')
  if (deletion === undefined) throw new Error('there is no such route')
  expect(await errorOf(await send(tracker, deletion))).toMatchObject({ status: 502, shouldRetry: 'false' })
  await imagekit.calls[0]?.closed
})

test('a body over 1 MiB is rejected, and nothing is forwarded', async () => {
  const { imagekit, tracker } = await startForwarding((call) => call.respond(200, '{}'))
  const body = JSON.stringify({ fileIds: ['x'.repeat(1024 * 1024)] })
  const headers = { 'content-type': 'application/json' }
  const response = await tracker.fetch('/v1/files/addTags', { method: 'POST', headers, body })
  expect(await errorOf(response)).toMatchObject({ status: 413 })
  expect(imagekit.calls).toEqual([])
})
