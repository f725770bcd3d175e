import { expect, test } from 'vitest'
import { ADMIN_KEY, API_KEY, startTracker } from '../support/tracker.ts'

test.each([
  ['an API key', 200, { authorization: `Bearer ${API_KEY}` }],
  ['an admin key', 200, { authorization: `Bearer ${ADMIN_KEY}` }],
  ['no key', 401, { authorization: '' }],
  ['a wrong key', 401, { authorization: 'Bearer unknown-key-0123456789' }],
] as const)('/metrics with %s responds with %i', async (_, status, headers) => {
  const tracker = await startTracker()
  expect((await fetch(`${tracker.url}/metrics`, { headers })).status).toBe(status)
})

test('with METRICS_PUBLIC, /metrics requires no key, but /stats still does', async () => {
  const open = await startTracker({ METRICS_PUBLIC: 'true' })
  expect((await fetch(`${open.url}/metrics`)).status).toBe(200)
  expect((await fetch(`${open.url}/stats`)).status).toBe(401)
})

test('without configured keys, /metrics requires no key, but the request must be local', async () => {
  const local = await startTracker({ TRACKER_API_KEY: '', TRACKER_ADMIN_KEY: '' })
  expect((await fetch(`${local.url}/metrics`)).status).toBe(200)
  const foreign = { headers: { origin: 'https://elsewhere.example' } }
  expect((await fetch(`${local.url}/metrics`, foreign)).status).toBe(403)
})
