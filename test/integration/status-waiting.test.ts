import { request } from 'node:http'
import { expect, it } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import { manualTimers, observed, pendingAsset, SUCCESS, startStatusServer } from './status-server.ts'

const RESPONSE_PENDING = { source: 'response', status: 'pending' } as const

async function startWithPending(...names: string[]) {
  const timers = manualTimers()
  const server = await startStatusServer({ startTimer: timers.startTimer })
  const asset = pendingAsset('f1', ...names)
  server.keep(asset)
  const statusUrl = `${server.url}/assets/f1/status`
  const etag = (await fetch(statusUrl)).headers.get('etag') ?? ''
  return { ...server, timers, asset, statusUrl, etag }
}

it.each(['61', '-1', '1.5', 'abc', '', '1e1', ' 5', '0x1'])(
  'refuses wait=%j, naming the field',
  async (wait) => {
    const server = await startWithPending('remove-bg')
    const answer = await fetch(`${server.statusUrl}?wait=${encodeURIComponent(wait)}`)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      code: 'invalid_input',
      errors: [{ field: 'wait', message: expect.stringContaining('0 to 60') }],
    })
  },
)

it('answers at once with wait=0, and where nothing is pending', async () => {
  const server = await startWithPending('remove-bg')
  expect(await (await fetch(`${server.statusUrl}?wait=0`)).json()).toMatchObject({ status: 'pending' })
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  expect(await (await fetch(`${server.statusUrl}?wait=60`)).json()).toMatchObject({ status: 'success' })
  expect(server.timers.running()).toEqual([])
})

it('answers a waiter when the last pending run is settled, not before', async () => {
  const server = await startWithPending('remove-bg', 'aws-auto-tagging')
  let isAnswered = false
  const waiting = fetch(`${server.statusUrl}?wait=60`).then((answer) => {
    isAnswered = true
    return answer
  })
  await server.watched(1)
  const half = observed(server.asset, 'remove-bg', SUCCESS)
  server.change(half)
  expect(await (await fetch(server.statusUrl)).json()).toMatchObject({ status: 'pending' })
  expect(isAnswered).toBe(false)
  server.change(observed(half, 'aws-auto-tagging', SUCCESS))
  const answer = await waiting
  expect(answer.status).toBe(200)
  expect(answer.headers.has('retry-after')).toBe(false)
  expect(await answer.json()).toMatchObject({ status: 'success' })
  expect(server.board.watching()).toBe(0)
  expect(server.timers.running()).toEqual([])
})

it('answers a waiter who knows the ETag as soon as it differs, though something is still pending', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': server.etag } })
  await server.watched(1)
  server.change(observed(server.asset, 'remove-bg', RESPONSE_PENDING))
  const answer = await waiting
  expect(answer.status).toBe(200)
  expect(answer.headers.get('etag')).not.toBe(server.etag)
  expect(await answer.json()).toMatchObject({ status: 'pending', extensions: [{ source: 'response' }] })
})

it('answers at once a waiter who knows only an older ETag', async () => {
  const server = await startWithPending('remove-bg')
  const answer = await fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': '"older"' } })
  expect(answer.status).toBe(200)
})

it('does not wake a waiter for a change that leaves the state as it was', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': server.etag } })
  await server.watched(1)
  server.change(structuredClone(server.asset))
  await fetch(server.statusUrl)
  expect(server.board.watching()).toBe(1)
  server.timers.fire(60_000)
  expect((await waiting).status).toBe(304)
})

it('does not wake a waiter for a contradicting word, which changes nothing that is told', async () => {
  const server = await startWithPending('remove-bg', 'ai-tasks')
  const settled = observed(server.asset, 'remove-bg', SUCCESS)
  server.change(settled)
  const etag = (await fetch(server.statusUrl)).headers.get('etag') ?? ''
  const waiting = fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': etag } })
  await server.watched(1)
  const opposite = { source: 'webhook', status: 'failed', error: 'why' } as const
  server.change(observed(settled, 'remove-bg', opposite))
  await fetch(server.statusUrl)
  expect(server.board.watching()).toBe(1)
  server.timers.fire(60_000)
  expect((await waiting).status).toBe(304)
})

it('answers 304 at once where nothing is pending and the ETag is known', async () => {
  const server = await startWithPending('remove-bg')
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  const etag = (await fetch(server.statusUrl)).headers.get('etag') ?? ''
  const answer = await fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': etag } })
  expect(answer.status).toBe(304)
})

it('answers after the wait: 304 to who knows the state, else the state with when to ask again', async () => {
  const server = await startWithPending('remove-bg')
  const knowing = fetch(`${server.statusUrl}?wait=60`, { headers: { 'If-None-Match': server.etag } })
  const asking = fetch(`${server.statusUrl}?wait=60`)
  await server.watched(2)
  server.timers.fire(60_000)
  const unchanged = await knowing
  expect(unchanged.status).toBe(304)
  expect(unchanged.headers.get('etag')).toBe(server.etag)
  const pending = await asking
  expect(pending.status).toBe(200)
  expect(pending.headers.has('retry-after')).toBe(true)
  expect(server.board.watching()).toBe(0)
})

it('waits as many seconds as it was asked to', async () => {
  const server = await startStatusServer()
  server.keep(pendingAsset('f1', 'remove-bg'))
  const before = performance.now()
  const answer = await fetch(`${server.url}/assets/f1/status?wait=1`)
  expect(performance.now() - before).toBeGreaterThan(950)
  expect(await answer.json()).toMatchObject({ status: 'pending' })
})

it('answers 404 at once for an asset never heard of', async () => {
  const server = await startWithPending('remove-bg')
  expect((await fetch(`${server.url}/assets/f2/status?wait=60`)).status).toBe(404)
  expect(server.board.watching()).toBe(0)
  expect(server.timers.running()).toEqual([])
})

it('answers 404 to who waits for an asset that is forgotten meanwhile', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`)
  await server.watched(1)
  server.forget('f1')
  expect((await waiting).status).toBe(404)
})

it.each(['GET', 'HEAD'])('forgets a client that leaves while it waits (%s)', async (method) => {
  const server = await startWithPending('remove-bg')
  const client = request(`${server.statusUrl}?wait=60`, { method, agent: false })
  client.on('error', () => {})
  client.end()
  await server.watched(1)
  expect(server.timers.running()).toEqual([60_000])
  client.destroy()
  await server.watched(0)
  expect(server.timers.running()).toEqual([])
})

it('lets HEAD wait like GET', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`, { method: 'HEAD' })
  await server.watched(1)
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  const answer = await waiting
  expect(answer.status).toBe(200)
  expect(answer.headers.has('retry-after')).toBe(false)
  expect(server.timers.running()).toEqual([])
})

it('asks the store once for a settle that five hundred clients wait for, and wakes nobody else', async () => {
  const server = await startWithPending('remove-bg')
  server.keep(pendingAsset('f2', 'remove-bg'))
  const elsewhere = fetch(`${server.url}/assets/f2/status?wait=60`)
  await server.watched(1)
  const waiting = Array.from({ length: 500 }, () => fetch(`${server.statusUrl}?wait=60`))
  await server.watched(501)
  expect(server.loads).toEqual(['f1', 'f2'])
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  const answers = await Promise.all(waiting)
  const bodies = new Set(await Promise.all(answers.map((answer) => answer.text())))
  expect([...bodies]).toEqual([expect.stringContaining('"status":"success"')])
  expect(server.loads).toEqual(['f1', 'f2', 'f1'])
  expect(server.board.watching()).toBe(1)
  server.timers.fire(60_000)
  expect(await (await elsewhere).json()).toMatchObject({ status: 'pending' })
})

it('tells the waiters of a settle whose first read failed', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`)
  await server.watched(1)
  server.store.failure = new TrackerError('store_unavailable', 'The file is locked.')
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  await expect.poll(() => server.timers.running()).toEqual([60_000, 1000])
  server.store.failure = undefined
  server.timers.fire(1000)
  expect(await (await waiting).json()).toMatchObject({ status: 'success' })
  expect(server.timers.running()).toEqual([])
})

it('answers 503 to who begins to wait while the store fails, and forgets them', async () => {
  const server = await startWithPending('remove-bg')
  server.board.invalidate('f1')
  server.store.failure = new TrackerError('store_unavailable', 'The file is locked.')
  expect((await fetch(`${server.statusUrl}?wait=60`)).status).toBe(503)
  expect(server.board.watching()).toBe(0)
  expect(server.timers.running()).toEqual([])
})

it('answers its waiters with the present state when the service stops, and lets nobody wait any more', async () => {
  const server = await startWithPending('remove-bg')
  const waiting = fetch(`${server.statusUrl}?wait=60`)
  await server.watched(1)
  server.board.close()
  expect(await (await waiting).json()).toMatchObject({ status: 'pending' })
  expect(await (await fetch(`${server.statusUrl}?wait=60`)).json()).toMatchObject({ status: 'pending' })
  expect(server.timers.running()).toEqual([])
})
