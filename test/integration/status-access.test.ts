import { expect, it } from 'vitest'
import { ADMIN_KEY, API_KEY, pendingAsset, startStatusServer } from './status-server.ts'

const TOKEN_ROUTES = ['/assets/f1/status', '/assets/f1/events']

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })

async function startLocked() {
  const server = await startStatusServer({ keys: true })
  server.keep(pendingAsset('f1'))
  server.keep(pendingAsset('f2'))
  return server
}

it.each(TOKEN_ROUTES)(
  'opens %s to an API key, an admin key, a Basic user name and its token',
  async (path) => {
    const server = await startLocked()
    const basic = { Authorization: `Basic ${btoa(`${API_KEY}:`)}` }
    for (const headers of [bearer(API_KEY), bearer(ADMIN_KEY), basic]) {
      expect((await fetch(server.url + path, { headers })).status).toBe(200)
    }
    expect((await fetch(`${server.url}${path}?token=${server.token('f1')}`)).status).toBe(200)
  },
)

it.each(TOKEN_ROUTES)('refuses %s to everybody else with 401', async (path) => {
  const server = await startLocked()
  const token = server.token('f1')
  const refused = [
    fetch(server.url + path),
    fetch(server.url + path, { headers: bearer('another-key-for-tests') }),
    fetch(server.url + path, { headers: { Authorization: 'Digest x' } }),
    fetch(`${server.url}${path}?token=`),
    fetch(`${server.url}${path}?token=${token.slice(0, -1)}`),
    fetch(`${server.url}${path}?token=${server.token('f2')}`),
    fetch(`${server.url}${path.replace('f1', 'unknown')}`),
  ]
  for (const answer of await Promise.all(refused)) {
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.has('www-authenticate')).toBe(true)
    expect(await answer.json()).toMatchObject({ code: 'unauthenticated', status: 401 })
  }
  expect(server.loads).toEqual([])
  expect(server.board.watching()).toBe(0)
})

it('lets Authorization decide where there is a token as well', async () => {
  const server = await startLocked()
  const good = `${server.url}/assets/f1/status?token=${server.token('f1')}`
  expect((await fetch(good, { headers: bearer('another-key-for-tests') })).status).toBe(401)
  const bad = `${server.url}/assets/f1/status?token=wrong`
  expect((await fetch(bad, { headers: bearer(API_KEY) })).status).toBe(200)
})

it('asks for nothing where no key is configured, but refuses a wrong token', async () => {
  const server = await startStatusServer()
  server.keep(pendingAsset('f1'))
  for (const path of TOKEN_ROUTES) {
    expect((await fetch(server.url + path)).status).toBe(200)
    expect((await fetch(`${server.url}${path}?token=${server.token('f1')}`)).status).toBe(200)
    expect((await fetch(`${server.url}${path}?token=wrong`)).status).toBe(401)
  }
})

it.each(TOKEN_ROUTES)('lets any page read %s, its errors included', async (path) => {
  const server = await startLocked()
  const withToken = `?token=${server.token('f1')}`
  const etag = (await fetch(server.url + TOKEN_ROUTES[0] + withToken)).headers.get('etag') ?? ''
  const known = { 'If-None-Match': etag, 'Last-Event-ID': etag }
  const answers = [
    await fetch(server.url + path + withToken),
    await fetch(server.url + path + withToken, { headers: known }),
    await fetch(server.url + path),
    await fetch(server.url + path.replace('f1', 'gone'), { headers: bearer(API_KEY) }),
    await fetch(server.url + path, { method: 'DELETE' }),
    await fetch(server.url + path + withToken, { method: 'HEAD' }),
  ]
  const knownStatus = path.endsWith('status') ? 304 : 204
  expect(answers.map((answer) => answer.status)).toEqual([200, knownStatus, 401, 404, 405, 200])
  for (const answer of answers) {
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    const exposed = answer.headers.get('access-control-expose-headers')?.split(',')
    expect(exposed).toEqual(
      expect.arrayContaining(['ETag', 'Retry-After', 'Location', 'Link', 'X-Request-Id']),
    )
  }
})

it.each(TOKEN_ROUTES)('answers a preflight to %s with 204, without a key', async (path) => {
  const server = await startLocked()
  const preflight = { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'GET' }
  const answer = await fetch(server.url + path, { method: 'OPTIONS', headers: preflight })
  expect(answer.status).toBe(204)
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  expect(answer.headers.get('access-control-allow-methods')).toContain('GET')
  expect(answer.headers.get('access-control-allow-headers')).toContain('If-None-Match')
})

it.each(TOKEN_ROUTES)('answers 405 to other methods on %s, with those it takes', async (path) => {
  const server = await startLocked()
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const answer = await fetch(server.url + path, { method })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(await answer.json()).toMatchObject({ code: 'method_not_allowed' })
  }
})
