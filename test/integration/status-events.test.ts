import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import {
  manualTimers,
  observed,
  openEvents,
  pendingAsset,
  SUCCESS,
  startStatusServer,
} from './status-server.ts'

const RESPONSE_PENDING = { source: 'response', status: 'pending' } as const

/** Starts a server with the asset `f1`, which has a pending run of each of these extensions. */
async function startWithPending(...names: string[]) {
  const timers = manualTimers()
  const server = await startStatusServer({ startTimer: timers.startTimer })
  const asset = pendingAsset('f1', ...names)
  server.add(asset)
  /** The event with the current state of the asset. */
  const current = async () => {
    const response = await fetch(`${server.url}/assets/f1/status`)
    return { event: 'status', id: response.headers.get('etag') ?? '', data: await response.text() }
  }
  return { ...server, timers, asset, eventsUrl: `${server.url}/assets/f1/events`, current }
}

it('sends the current state, then each change, and ends when nothing is pending', async () => {
  const server = await startWithPending('remove-bg', 'aws-auto-tagging')
  const stream = await openEvents(server.eventsUrl)
  expect(stream.response.statusCode).toBe(200)
  expect(stream.response.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'access-control-allow-origin': '*',
    'x-request-id': expect.any(String),
  })
  await stream.received(1)
  const first = await server.current()
  const oneSettled = observed(server.asset, 'remove-bg', SUCCESS)
  server.change(oneSettled)
  await stream.received(2)
  const second = await server.current()
  server.change(observed(oneSettled, 'aws-auto-tagging', SUCCESS))
  await stream.ended
  expect(stream.events()).toEqual([first, second, await server.current()])
  expect(stream.text()).toBe(
    stream
      .events()
      .map(({ event, id, data }) => `event: ${event}\nid: ${id}\ndata: ${data}\n\n`)
      .join(''),
  )
  expect(server.statuses.listenerCount()).toBe(0)
  expect(server.timers.running()).toEqual([])
})

it('ends after the current state if nothing is pending', async () => {
  const server = await startWithPending()
  const stream = await openEvents(server.eventsUrl)
  await stream.ended
  expect(stream.events()).toEqual([await server.current()])
})

it('responds with 404 for an unknown asset, before a stream begins', async () => {
  const server = await startWithPending('remove-bg')
  const response = await fetch(`${server.url}/assets/f2/events`)
  expect(response.status).toBe(404)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(server.statuses.listenerCount()).toBe(0)
})

it('responds with 204 to a client that has the final state, with or without quotes around the Last-Event-ID', async () => {
  const server = await startWithPending()
  const { id } = await server.current()
  for (const lastEventId of [id, id.slice(1, -1)]) {
    const response = await fetch(server.eventsUrl, { headers: { 'Last-Event-ID': lastEventId } })
    expect([lastEventId, response.status]).toEqual([lastEventId, 204])
  }
  expect(server.statuses.listenerCount()).toBe(0)
})

it('does not repeat a state that the client has, and continues with the changes', async () => {
  const server = await startWithPending('remove-bg')
  const { id } = await server.current()
  const stream = await openEvents(server.eventsUrl, { 'Last-Event-ID': id })
  expect(stream.response.statusCode).toBe(200)
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  await stream.ended
  expect(stream.events()).toEqual([await server.current()])
})

it('sends the current state to a client that has an older one', async () => {
  const server = await startWithPending('remove-bg')
  const stream = await openEvents(server.eventsUrl, { 'Last-Event-ID': '"older"' })
  await stream.received(1)
  expect(stream.events()).toEqual([await server.current()])
})

it('sends one change to a hundred clients after a single read of the store', async () => {
  const server = await startWithPending('remove-bg')
  const streams = await Promise.all(Array.from({ length: 100 }, () => openEvents(server.eventsUrl)))
  await Promise.all(streams.map((stream) => stream.received(1)))
  expect(server.loads).toEqual(['f1'])
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  await Promise.all(streams.map((stream) => stream.ended))
  expect(server.loads).toEqual(['f1', 'f1'])
  const settled = await server.current()
  for (const stream of streams) expect(stream.events()).toEqual([expect.anything(), settled])
  expect(server.statuses.listenerCount()).toBe(0)
  expect(server.timers.running()).toEqual([])
})

it('sends nothing for a change that leaves the state as it was', async () => {
  const server = await startWithPending('remove-bg')
  const stream = await openEvents(server.eventsUrl)
  await stream.received(1)
  server.change(structuredClone(server.asset))
  await server.current()
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  await stream.ended
  expect(stream.events()).toHaveLength(2)
})

it('keeps streams alive with a comment every fifteen seconds, using one timer', async () => {
  const server = await startWithPending('remove-bg')
  const streams = await Promise.all(Array.from({ length: 20 }, () => openEvents(server.eventsUrl)))
  await Promise.all(streams.map((stream) => stream.received(1)))
  // A tenth of 15 seconds: each tick serves a tenth of the streams.
  expect(server.timers.running()).toEqual([1500])
  for (let tick = 0; tick < 10; tick += 1) server.timers.fire(1500)
  const comments = (stream: { text(): string }) => stream.text().split(':\n\n').length - 1
  await expect.poll(() => streams.map(comments)).toEqual(streams.map(() => 1))
  for (const stream of streams) stream.disconnect()
  await server.watched(0)
  expect(server.timers.running()).toEqual([])
})

it('stops following the asset for a client that disconnects', async () => {
  const server = await startWithPending('remove-bg')
  const [leaving, staying] = [await openEvents(server.eventsUrl), await openEvents(server.eventsUrl)]
  await server.watched(2)
  leaving.disconnect()
  await server.watched(1)
  server.change(observed(server.asset, 'remove-bg', SUCCESS))
  await staying.ended
  expect(staying.events()).toHaveLength(2)
})

it('responds to HEAD with headers only, and does not follow the asset', async () => {
  const server = await startWithPending('remove-bg')
  const response = await fetch(server.eventsUrl, { method: 'HEAD' })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(server.statuses.listenerCount()).toBe(0)
  expect(server.timers.running()).toEqual([])
  expect((await fetch(`${server.url}/assets/f2/events`, { method: 'HEAD' })).status).toBe(404)
})

it('skips states for a client that does not read, and sends it the newest one when it reads again', async () => {
  const server = await startWithPending('remove-bg', 'aws-auto-tagging')
  const stream = await openEvents(server.eventsUrl)
  await stream.received(1)
  stream.response.pause()
  // All changes together are more than the kernel buffers for a connection that nobody reads from.
  const error = 'x'.repeat(1024 * 1024)
  let { asset } = server
  const changeCount = 20
  for (let change = 0; change < changeCount; change += 1) {
    asset = { ...asset, runs: asset.runs.map((run) => ({ ...run, updatedAt: run.updatedAt + 1, error })) }
    server.change(asset)
    await server.current()
  }
  const settled = observed(observed(asset, 'remove-bg', SUCCESS), 'aws-auto-tagging', SUCCESS)
  server.change(settled)
  stream.response.resume()
  await stream.ended
  expect(stream.events().length).toBeLessThan(changeCount)
  expect(stream.events().at(-1)).toEqual(await server.current())
})

it('ends a stream when the service stops, and a later one right after the current state', async () => {
  const server = await startWithPending('remove-bg')
  const stream = await openEvents(server.eventsUrl)
  await stream.received(1)
  server.statuses.close()
  await stream.ended
  expect(server.statuses.listenerCount()).toBe(0)
  const late = await openEvents(server.eventsUrl)
  await late.ended
  expect(late.events()).toEqual([await server.current()])
})

it('ends the stream of a forgotten asset', async () => {
  const server = await startWithPending('remove-bg')
  const stream = await openEvents(server.eventsUrl)
  await stream.received(1)
  server.forget('f1')
  await stream.ended
  expect(stream.events()).toHaveLength(1)
})

it('never sends an older state after a newer one, even if two changes follow each other quickly', async () => {
  const server = await startWithPending('remove-bg', 'aws-auto-tagging')
  const stream = await openEvents(server.eventsUrl)
  await stream.received(1)
  const accepted = observed(server.asset, 'remove-bg', RESPONSE_PENDING)
  const oneSettled = observed(accepted, 'remove-bg', SUCCESS)
  server.change(accepted)
  server.change(oneSettled)
  await stream.received(2)
  server.change(observed(oneSettled, 'aws-auto-tagging', SUCCESS))
  await stream.ended
  const times = stream.events().map(({ data }) => data.match(/"updatedAt":"([^"]+)"/)?.[1] ?? '')
  expect(times).toEqual(times.toSorted())
  expect(stream.events().at(-1)).toEqual(await server.current())
})

/**
 * Sends `count` requests at once on one connection. While the first one waits or streams, the responses to the others are queued
 * behind it.
 */
function pipelineRequests(url: string, path: string, count: number) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(count))
  return socket
}

it.each(['/assets/f1/events', '/assets/f1/status?wait=60'])(
  'stops following the asset for all requests of a closed connection, including queued ones: %s',
  async (path) => {
    const server = await startWithPending('remove-bg')
    const socket = pipelineRequests(server.url, path, 3)
    await server.watched(3)
    socket.destroy()
    await server.watched(0)
  },
)

it('closes a connection with more than four pipelined waiting requests', async () => {
  const server = await startWithPending('remove-bg')
  const socket = pipelineRequests(server.url, '/assets/f1/status?wait=60', 4)
  await server.watched(4)
  const closed = once(socket, 'close')
  socket.write('GET /assets/f1/status?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n')
  await closed
  await server.watched(0)
})

it('closes a connection with more than a hundred pipelined requests', async () => {
  const server = await startWithPending('remove-bg')
  const socket = pipelineRequests(server.url, '/assets/f1/status?wait=60', 1)
  await server.watched(1)
  const closed = once(socket, 'close')
  socket.write('GET /assets/f1/status HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100))
  await closed
  await server.watched(0)
})
