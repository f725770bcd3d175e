import { expect, it } from 'vitest'
import type { Observation } from '../../src/domain/decide-status.ts'
import { TrackerError } from '../../src/domain/errors.ts'
import { observed, pendingAsset, REQUESTED_AT, SUCCESS, startStatusServer } from './status-server.ts'

const failed: Observation = { source: 'webhook', status: 'failed', error: { code: 'quota', detail: ['x'] } }

it('returns the asset with its current runs and every field', async () => {
  const server = await startStatusServer()
  server.add(observed(pendingAsset('f1', 'remove-bg', 'aws-auto-tagging'), 'aws-auto-tagging', failed))
  const response = await fetch(`${server.url}/assets/f1/status`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.text()).toBe(
    JSON.stringify({
      fileId: 'f1',
      status: 'pending',
      extensionStatus: { 'remove-bg': 'pending', 'aws-auto-tagging': 'failed' },
      extensions: [
        {
          runId: 'run-remove-bg',
          name: 'remove-bg',
          status: 'pending',
          source: 'request',
          attempt: 1,
          submissionId: 'sub-1',
          requestedAt: '2026-01-02T03:04:05.006Z',
          settledAt: null,
          error: null,
        },
        {
          runId: 'run-aws-auto-tagging',
          name: 'aws-auto-tagging',
          status: 'failed',
          source: 'webhook',
          attempt: 1,
          submissionId: 'sub-1',
          requestedAt: '2026-01-02T03:04:05.006Z',
          settledAt: '2026-01-02T03:05:05.006Z',
          error: { code: 'quota', detail: ['x'] },
        },
      ],
      updatedAt: '2026-01-02T03:05:05.006Z',
    }),
  )
})

it('returns the status none for an asset without extensions', async () => {
  const server = await startStatusServer()
  server.add({ fileId: 'f1', recordedAt: REQUESTED_AT, runs: [] })
  const response = await fetch(`${server.url}/assets/f1/status`)
  expect(await response.json()).toEqual({
    fileId: 'f1',
    status: 'none',
    extensionStatus: {},
    extensions: [],
    updatedAt: '2026-01-02T03:04:05.006Z',
  })
  expect(response.headers.has('retry-after')).toBe(false)
})

it('returns an extension of any name, such as __proto__', async () => {
  const server = await startStatusServer()
  server.add(pendingAsset('f1', '__proto__'))
  const response = await fetch(`${server.url}/assets/f1/status`)
  expect(await response.text()).toContain('"extensionStatus":{"__proto__":"pending"}')
})

it('finds an asset whose fileId is percent-encoded in the path', async () => {
  const server = await startStatusServer()
  server.add(pendingAsset('a/b ü?', 'remove-bg'))
  const response = await fetch(`${server.url}/assets/${encodeURIComponent('a/b ü?')}/status`)
  expect(await response.json()).toMatchObject({ fileId: 'a/b ü?', status: 'pending' })
})

it('sends Retry-After while something is pending, and not afterwards', async () => {
  const server = await startStatusServer()
  const asset = pendingAsset('f1', 'remove-bg')
  server.add(asset)
  const pending = await fetch(`${server.url}/assets/f1/status`)
  expect(pending.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
  expect(pending.headers.get('cache-control')).toBe('no-cache')
  const etag = pending.headers.get('etag') ?? ''
  const unchanged = await fetch(`${server.url}/assets/f1/status`, { headers: { 'If-None-Match': etag } })
  expect(unchanged.headers.get('retry-after')).toBe(pending.headers.get('retry-after'))
  server.change(observed(asset, 'remove-bg', SUCCESS))
  const settled = await fetch(`${server.url}/assets/f1/status`)
  expect(settled.headers.has('retry-after')).toBe(false)
  expect(await settled.json()).toMatchObject({ status: 'success' })
})

it('responds with 304 and no body to every form of If-None-Match that matches the current ETag', async () => {
  const server = await startStatusServer()
  server.add(pendingAsset('f1', 'remove-bg'))
  const etag = (await fetch(`${server.url}/assets/f1/status`)).headers.get('etag') ?? ''
  expect(etag).toMatch(/^"[^"]+"$/)
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, `"other",W/${etag} , "more"`, '*']) {
    const response = await fetch(`${server.url}/assets/f1/status`, { headers: { 'If-None-Match': known } })
    expect([known, response.status]).toEqual([known, 304])
    expect(response.headers.get('etag')).toBe(etag)
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(await response.text()).toBe('')
  }
  for (const other of ['"other"', `"${etag.slice(2, -1)}"`, etag.slice(1, -1), 'W/"*"']) {
    const response = await fetch(`${server.url}/assets/f1/status`, { headers: { 'If-None-Match': other } })
    expect([other, response.status]).toEqual([other, 200])
  }
})

it('changes the ETag with the state, and two services have the same ETag for the same state', async () => {
  const [one, another] = [await startStatusServer(), await startStatusServer()]
  const asset = pendingAsset('f1', 'remove-bg')
  const etagOf = async (server: { url: string }) =>
    (await fetch(`${server.url}/assets/f1/status`)).headers.get('etag')
  one.add(asset)
  another.add(structuredClone(asset))
  const before = await etagOf(one)
  expect(await etagOf(another)).toBe(before)
  one.change(observed(asset, 'remove-bg', SUCCESS))
  expect(await etagOf(one)).not.toBe(before)
})

it('responds to HEAD like GET, without the body', async () => {
  const server = await startStatusServer()
  server.add(pendingAsset('f1', 'remove-bg'))
  const get = await fetch(`${server.url}/assets/f1/status`)
  const head = await fetch(`${server.url}/assets/f1/status`, { method: 'HEAD' })
  expect(head.status).toBe(200)
  for (const name of ['etag', 'cache-control', 'retry-after', 'content-type']) {
    expect(head.headers.get(name)).toBe(get.headers.get(name))
  }
  expect(await head.text()).toBe('')
  const known = { 'If-None-Match': get.headers.get('etag') ?? '' }
  expect((await fetch(`${server.url}/assets/f1/status`, { method: 'HEAD', headers: known })).status).toBe(304)
  expect((await fetch(`${server.url}/assets/f2/status`, { method: 'HEAD' })).status).toBe(404)
})

it('responds with 404 for an unknown asset, and finds it as soon as it is known', async () => {
  const server = await startStatusServer()
  const unknown = await fetch(`${server.url}/assets/f1/status`)
  expect(unknown.status).toBe(404)
  expect(unknown.headers.get('content-type')).toBe('application/problem+json')
  expect(await unknown.json()).toMatchObject({ code: 'not_found', status: 404 })
  server.add(pendingAsset('f1', 'remove-bg'))
  expect((await fetch(`${server.url}/assets/f1/status`)).status).toBe(200)
})

it('reads the store once for an asset that is polled repeatedly', async () => {
  const server = await startStatusServer()
  server.add(pendingAsset('f1', 'remove-bg'))
  for (let count = 0; count < 5; count += 1) await fetch(`${server.url}/assets/f1/status`)
  expect(server.loads).toEqual(['f1'])
})

it('responds with 503 while the store fails, and does not cache the error', async () => {
  const server = await startStatusServer()
  server.add(pendingAsset('f1', 'remove-bg'))
  server.store.failure = new TrackerError('store_unavailable', 'The disk is full.')
  const unavailable = await fetch(`${server.url}/assets/f1/status`)
  expect(unavailable.status).toBe(503)
  expect(unavailable.headers.has('retry-after')).toBe(true)
  server.store.failure = undefined
  expect((await fetch(`${server.url}/assets/f1/status`)).status).toBe(200)
})
