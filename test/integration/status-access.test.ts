import { expect, it } from 'vitest'
import { ADMIN_KEY, API_KEY, pendingAsset, startStatusServer } from './status-server.ts'

const TOKEN_ROUTES = ['/assets/f1/status', '/assets/f1/events']

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })

/** Starts a server that requires a key or a token. Its assets have no runs, so nothing is pending, and a stream of events ends at once. */
async function startWithKeys() {
  const server = await startStatusServer({ keys: true })
  server.add(pendingAsset('f1'))
  server.add(pendingAsset('f2'))
  return server
}

it.each(TOKEN_ROUTES)(
  'gives access to %s with an API key as Bearer or Basic, with an admin key, or with the token of its asset',
  async (path) => {
    const server = await startWithKeys()
    const basic = { Authorization: `Basic ${btoa(`${API_KEY}:`)}` }
    for (const headers of [bearer(API_KEY), bearer(ADMIN_KEY), basic]) {
      expect((await fetch(server.url + path, { headers })).status).toBe(200)
    }
    expect((await fetch(`${server.url}${path}?token=${server.token('f1')}`)).status).toBe(200)
  },
)

it.each(TOKEN_ROUTES)(
  'responds with 401 to %s without a valid key or token, without reading the store',
  async (path) => {
    const server = await startWithKeys()
    const token = server.token('f1')
    const rejected = [
      fetch(server.url + path),
      fetch(server.url + path, { headers: bearer('another-key-for-tests') }),
      fetch(server.url + path, { headers: { Authorization: 'Digest x' } }),
      fetch(`${server.url}${path}?token=`),
      fetch(`${server.url}${path}?token=${token.slice(0, -1)}`),
      fetch(`${server.url}${path}?token=${server.token('f2')}`),
      fetch(`${server.url}${path.replace('f1', 'unknown')}`),
    ]
    for (const response of await Promise.all(rejected)) {
      expect(response.status).toBe(401)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(response.headers.has('www-authenticate')).toBe(true)
      expect(await response.json()).toMatchObject({ code: 'unauthenticated', status: 401 })
    }
    expect(server.loads).toEqual([])
    expect(server.statuses.listenerCount()).toBe(0)
  },
)

it('uses Authorization and ignores the token if both are sent', async () => {
  const server = await startWithKeys()
  const good = `${server.url}/assets/f1/status?token=${server.token('f1')}`
  expect((await fetch(good, { headers: bearer('another-key-for-tests') })).status).toBe(401)
  const bad = `${server.url}/assets/f1/status?token=wrong`
  expect((await fetch(bad, { headers: bearer(API_KEY) })).status).toBe(200)
})

it('requires no credential if no key is configured, but rejects a wrong token', async () => {
  const server = await startStatusServer()
  server.add(pendingAsset('f1'))
  for (const path of TOKEN_ROUTES) {
    expect((await fetch(server.url + path)).status).toBe(200)
    expect((await fetch(`${server.url}${path}?token=${server.token('f1')}`)).status).toBe(200)
    expect((await fetch(`${server.url}${path}?token=wrong`)).status).toBe(401)
  }
})

it.each(TOKEN_ROUTES)('allows every origin to read %s, including its errors', async (path) => {
  const server = await startWithKeys()
  const withToken = `?token=${server.token('f1')}`
  const etag = (await fetch(server.url + TOKEN_ROUTES[0] + withToken)).headers.get('etag') ?? ''
  // The ETag of a status is also the id of its event.
  const known = { 'If-None-Match': etag, 'Last-Event-ID': etag }
  const responses = [
    await fetch(server.url + path + withToken),
    await fetch(server.url + path + withToken, { headers: known }),
    await fetch(server.url + path),
    await fetch(server.url + path.replace('f1', 'gone'), { headers: bearer(API_KEY) }),
    await fetch(server.url + path, { method: 'DELETE' }),
    await fetch(server.url + path + withToken, { method: 'HEAD' }),
  ]
  const knownStatus = path.endsWith('status') ? 304 : 204
  expect(responses.map((response) => response.status)).toEqual([200, knownStatus, 401, 404, 405, 200])
  for (const response of responses) {
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const exposed = response.headers.get('access-control-expose-headers')?.split(',')
    expect(exposed).toEqual(
      expect.arrayContaining(['ETag', 'Retry-After', 'Location', 'Link', 'X-Request-Id']),
    )
  }
})

it.each(TOKEN_ROUTES)('responds to a preflight for %s with 204, without a key', async (path) => {
  const server = await startWithKeys()
  const preflight = { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'GET' }
  const response = await fetch(server.url + path, { method: 'OPTIONS', headers: preflight })
  expect(response.status).toBe(204)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(response.headers.get('access-control-allow-methods')).toContain('GET')
  expect(response.headers.get('access-control-allow-headers')).toContain('If-None-Match')
})

it.each(TOKEN_ROUTES)(
  'responds to unsupported methods on %s with 405 and the allowed methods',
  async (path) => {
    const server = await startWithKeys()
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const response = await fetch(server.url + path, { method })
      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
      expect(await response.json()).toMatchObject({ code: 'method_not_allowed' })
    }
  },
)
