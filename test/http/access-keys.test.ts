import { expect, test } from 'vitest'
import { ADMIN_KEY, API_KEY, startTracker } from '../support/tracker.ts'

const basic = (userName: string, password = '') => `Basic ${btoa(`${userName}:${password}`)}`

/** Requests to routes that accept an API key or an admin key. With either, the response is none of 401, 403 and 500. */
const PROTECTED = [
  ['POST', '/submissions'],
  ['GET', '/submissions/x'],
  ['GET', '/submissions/x/events'],
  ['PUT', '/submissions/x/response'],
  ['GET', '/assets/x/status'],
  ['GET', '/assets/x/events'],
  ['GET', '/assets/status?fileId=x'],
  ['POST', '/api/v1/files/upload'],
  ['POST', '/api/v2/files/upload'],
  ['PATCH', '/v1/files/x/details'],
] as const

const isImagekitPath = (path: string) => /^\/(api|v1)\//.test(path)

test.each(PROTECTED)(
  '%s %s requires a key, as a Bearer token or as the user name of Basic',
  async (method, path) => {
    const tracker = await startTracker()
    const send = (authorization?: string) =>
      fetch(tracker.url + path, {
        method,
        headers: { ...(authorization !== undefined && { authorization }) },
      })
    const good = [
      `Bearer ${API_KEY}`,
      `bearer ${API_KEY}`,
      `Bearer ${ADMIN_KEY}`,
      basic(API_KEY),
      // ImageKit's SDKs send this password.
      basic(ADMIN_KEY, 'do_not_set'),
    ]
    for (const authorization of good)
      expect([401, 403, 500]).not.toContain((await send(authorization)).status)
    const wrongKeys = [`${API_KEY}x`, API_KEY.slice(1), `app:${API_KEY}`, ''].map((key) => `Bearer ${key}`)
    const malformed = ['', 'Bearer', `Token ${API_KEY}`, API_KEY, 'Basic !!!', 'Basic ']
    const bad = [undefined, ...wrongKeys, ...malformed, basic('', API_KEY), basic('app', API_KEY)]
    for (const authorization of bad) {
      const response = await send(authorization)
      expect(response.status, authorization).toBe(401)
      expect(response.headers.has('www-authenticate')).toBe(true)
      const body = await response.json()
      if (isImagekitPath(path))
        expect(body).toEqual({ message: expect.any(String), help: expect.any(String) })
      else expect(body).toMatchObject({ code: 'unauthenticated', status: 401 })
    }
  },
)

test('each of several keys is accepted, whether or not it is configured with a name', async () => {
  const [first, second, third] = ['first-key-0123456789', 'second-key-0123456789', 'third-key-0123456789']
  const tracker = await startTracker({ TRACKER_API_KEY: `old:${first}, ${second},new:${third}` })
  for (const key of [first, second, third]) {
    const response = await fetch(`${tracker.url}/assets/x/status`, {
      headers: { authorization: `Bearer ${key}` },
    })
    expect(response.status).toBe(404)
  }
})

test('if no keys are configured, none is required, and any credentials are accepted', async () => {
  const tracker = await startTracker({ TRACKER_API_KEY: '', TRACKER_ADMIN_KEY: '' })
  for (const authorization of [undefined, basic('private_whatever', 'do_not_set'), 'Bearer x', 'Digest x']) {
    const headers = { ...(authorization !== undefined && { authorization }) }
    expect((await fetch(`${tracker.url}/assets/x/status`, { headers })).status).toBe(404)
    const body = '{"extensions":[{"name":"remove-bg"}]}'
    const json = { ...headers, 'content-type': 'application/json' }
    expect((await fetch(`${tracker.url}/submissions`, { method: 'POST', body, headers: json })).status).toBe(
      201,
    )
  }
})

test.each([
  ['API', { TRACKER_ADMIN_KEY: '' }, API_KEY],
  ['admin', { TRACKER_API_KEY: '' }, ADMIN_KEY],
])('a key is required even if only an %s key is configured', async (_, env, key) => {
  const tracker = await startTracker(env)
  const send = (authorization: string) =>
    fetch(`${tracker.url}/assets/x/status`, { headers: { authorization } })
  expect((await fetch(`${tracker.url}/assets/x/status`)).status).toBe(401)
  expect((await send('Bearer something-else-0123456789')).status).toBe(401)
  expect((await send(`Bearer ${key}`)).status).toBe(404)
})

test('health checks and problem descriptions need no key', async () => {
  const tracker = await startTracker()
  for (const path of ['/healthz', '/readyz', '/problems/internal'])
    expect((await fetch(tracker.url + path)).status).toBe(200)
})
