import { request } from 'node:http'
import { expect, it } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import { manualTimers, observed, pendingAsset, SUCCESS, startStatusServer } from './status-server.ts'

const RESPONSE_PENDING = { source: 'response', status: 'pending' } as const

/** Starts a server with the asset `f1`, which has a pending run of each of these extensions. */
async function startWithPending(...names: string[]) {
  const timers = manualTimers()
  const server = await startStatusServer({ startTimer: timers.startTimer })
  const asset = pendingAsset('f1', ...names)
  server.add(asset)
  const statusUrl = `${server.url}/assets/f1/status`
  const etag = (await fetch(statusUrl)).headers.get('etag') ?? ''
  return { ...server, timers, asset, statusUrl, etag }
}

it.each(['61', '-1', '1.5', 'abc', '', '1e1', ' 5', '0x1'])(
  'rejects wait=%j and names the field',
  async (wait) => {
    const server = await startWithPending('remove-bg')
    const response = await fetch(`${server.statusUrl}?wait=${encodeURIComponent(wait)}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      code: 'invalid_input',
      errors: [{ field: 'wait', message: expect.stringContaining('0 to 60') }],
    })
  },
)

it('responds at once if wait is 0 or nothing is pending', async () => {
  const server = await startWithPending('remove-bg')
  expect(await (await fetch(`${server.statusUrl}?wait=0`)).json()).toMatchObject({ status: 'pending' })
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  expect(await (await fetch(`${server.statusUrl}?wait=60`)).json()).toMatchObject({ status: 'success' })
  expect(server.timers.running()).toEqual([])
})

it('responds to a waiting request when the last pending run is settled, not before', async () => {
  const server = await startWithPending('remove-bg', 'aws-auto-tagging')
  let hasResponse = false
  const waiting = fetch(`${server.statusUrl}?wait=60`).then((response) => {
    hasResponse = true
    return response
  })
  await server.watched(1)
  const oneSettled = observed(server.asset, 'remove-bg', SUCCESS)
  server.change(oneSettled)
  expect(await (await fetch(server.statusUrl)).json()).toMatchObject({ status: 'pending' })
  expect(hasResponse).toBe(false)
  server.change(observed(oneSettled, 'aws-auto-tagging', SUCCESS))
  const response = await waiting
  expect(response.status).toBe(200)
  expect(response.headers.has('retry-after')).toBe(false)
  expect(await response.json()).toMatchObject({ status: 'success' })
  expect(server.statuses.listenerCount()).toBe(0)
  expect(server.timers.running()).toEqual([])
})

it('responds to a waiting request with If-None-Match as soon as the ETag differs, even while something is pending', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': server.etag } })
  await server.watched(1)
  server.change(observed(server.asset, 'remove-bg', RESPONSE_PENDING))
  const response = await waiting
  expect(response.status).toBe(200)
  expect(response.headers.get('etag')).not.toBe(server.etag)
  expect(await response.json()).toMatchObject({ status: 'pending', extensions: [{ source: 'response' }] })
})

it('responds at once to a request with an older ETag', async () => {
  const server = await startWithPending('remove-bg')
  const response = await fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': '"older"' } })
  expect(response.status).toBe(200)
})

it('does not wake a waiting request for a change that leaves the state as it was', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': server.etag } })
  await server.watched(1)
  server.change(structuredClone(server.asset))
  await fetch(server.statusUrl)
  expect(server.statuses.listenerCount()).toBe(1)
  server.timers.fire(60_000)
  expect((await waiting).status).toBe(304)
})

it('does not wake a waiting request for a contradicting webhook, which changes nothing in the status', async () => {
  const server = await startWithPending('remove-bg', 'ai-tasks')
  const settled = observed(server.asset, 'remove-bg', SUCCESS)
  server.change(settled)
  const etag = (await fetch(server.statusUrl)).headers.get('etag') ?? ''
  const waiting = fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': etag } })
  await server.watched(1)
  const opposite = { source: 'webhook', status: 'failed', error: 'why' } as const
  server.change(observed(settled, 'remove-bg', opposite))
  await fetch(server.statusUrl)
  expect(server.statuses.listenerCount()).toBe(1)
  server.timers.fire(60_000)
  expect((await waiting).status).toBe(304)
})

it('responds with 304 at once if nothing is pending and the ETag is known', async () => {
  const server = await startWithPending('remove-bg')
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  const etag = (await fetch(server.statusUrl)).headers.get('etag') ?? ''
  const response = await fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': etag } })
  expect(response.status).toBe(304)
})

it('responds after the wait: with 304 if the ETag is known, else with the state and Retry-After', async () => {
  const server = await startWithPending('remove-bg')
  const withEtag = fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': server.etag } })
  const withoutEtag = fetch(`${server.statusUrl}?wait=60`)
  await server.watched(2)
  server.timers.fire(60_000)
  const unchanged = await withEtag
  expect(unchanged.status).toBe(304)
  expect(unchanged.headers.get('etag')).toBe(server.etag)
  const pending = await withoutEtag
  expect(pending.status).toBe(200)
  expect(pending.headers.has('retry-after')).toBe(true)
  expect(server.statuses.listenerCount()).toBe(0)
})

it('waits for the requested number of seconds', async () => {
  const server = await startStatusServer()
  server.add(pendingAsset('f1', 'remove-bg'))
  const before = performance.now()
  const response = await fetch(`${server.url}/assets/f1/status?wait=1`)
  expect(performance.now() - before).toBeGreaterThan(950)
  expect(await response.json()).toMatchObject({ status: 'pending' })
})

it('responds with 404 at once for an unknown asset', async () => {
  const server = await startWithPending('remove-bg')
  expect((await fetch(`${server.url}/assets/f2/status?wait=60`)).status).toBe(404)
  expect(server.statuses.listenerCount()).toBe(0)
  expect(server.timers.running()).toEqual([])
})

it('responds with 404 to a waiting request when its asset is forgotten', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`)
  await server.watched(1)
  server.forget('f1')
  expect((await waiting).status).toBe(404)
})

it.each(['GET', 'HEAD'])(
  'stops following the asset when a waiting client disconnects (%s)',
  async (method) => {
    const server = await startWithPending('remove-bg')
    const client = request(`${server.statusUrl}?wait=60`, { method, agent: false })
    client.on('error', () => {})
    client.end()
    await server.watched(1)
    expect(server.timers.running()).toEqual([60_000])
    client.destroy()
    await server.watched(0)
    expect(server.timers.running()).toEqual([])
  },
)

it('lets a HEAD request wait like a GET request', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`, { method: 'HEAD' })
  await server.watched(1)
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  const response = await waiting
  expect(response.status).toBe(200)
  expect(response.headers.has('retry-after')).toBe(false)
  expect(server.timers.running()).toEqual([])
})

it('reads the store once for a settled run that a hundred clients wait for, and wakes no other client', async () => {
  const server = await startWithPending('remove-bg')
  server.add(pendingAsset('f2', 'remove-bg'))
  const elsewhere = fetch(`${server.url}/assets/f2/status?wait=60`)
  await server.watched(1)
  const waiting = Array.from({ length: 100 }, () => fetch(`${server.statusUrl}?wait=60`))
  await server.watched(101)
  expect(server.loads).toEqual(['f1', 'f2'])
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  const responses = await Promise.all(waiting)
  const bodies = new Set(await Promise.all(responses.map((response) => response.text())))
  expect([...bodies]).toEqual([expect.stringContaining('"status":"success"')])
  expect(server.loads).toEqual(['f1', 'f2', 'f1'])
  expect(server.statuses.listenerCount()).toBe(1)
  server.timers.fire(60_000)
  expect(await (await elsewhere).json()).toMatchObject({ status: 'pending' })
})

it('responds to waiting requests even if the first read after the change failed', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`)
  await server.watched(1)
  server.store.failure = new TrackerError('store_unavailable', 'The file is locked.')
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  // The timers of the wait and of the next read.
  await expect.poll(() => server.timers.running()).toEqual([60_000, 1000])
  server.store.failure = undefined
  server.timers.fire(1000)
  expect(await (await waiting).json()).toMatchObject({ status: 'success' })
  expect(server.timers.running()).toEqual([])
})

it('responds with 503 to a new waiting request while the store fails, and stops following its asset', async () => {
  const server = await startWithPending('remove-bg')
  server.statuses.invalidate('f1')
  server.store.failure = new TrackerError('store_unavailable', 'The file is locked.')
  expect((await fetch(`${server.statusUrl}?wait=60`)).status).toBe(503)
  expect(server.statuses.listenerCount()).toBe(0)
  expect(server.timers.running()).toEqual([])
})

it('responds to waiting requests with the current state when the service stops, and no new one waits', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`)
  await server.watched(1)
  server.statuses.close()
  expect(await (await waiting).json()).toMatchObject({ status: 'pending' })
  expect(await (await fetch(`${server.statusUrl}?wait=60`)).json()).toMatchObject({ status: 'pending' })
  expect(server.timers.running()).toEqual([])
})
