import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test, vi } from 'vitest'
import { rawBytes } from '../support/raw-request.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { register, statusOf } from '../support/webhooks.ts'

const NAMES = ['remove-bg', 'ai-tasks', 'aws-auto-tagging', 'google-auto-tagging']

/** The result comes after `bytes` bytes of filler, so a truncated body reports nothing. */
function bodyOf(service: string, bytes: number): string {
  return JSON.stringify({ filler: 'x'.repeat(bytes), service, status: 'SUCCESS' })
}

function requestOf(webhookUrl: string, headers: string, body: string): string {
  return `POST ${new URL(webhookUrl).pathname} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`
}

function chunked(body: string): string {
  const chunks = body.match(/.{1,7000}/g) ?? []
  return `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`
}

test('bodies that arrive with their heads are read completely: small, large, chunked and pipelined', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, NAMES)
  const [small, large, inChunks, last] = NAMES.map((name, index) =>
    bodyOf(name, [10, 40_000, 30_000, 10][index] ?? 0),
  )
  const lengthOf = (body = '') => `Content-Length: ${body.length}`
  const responses = await rawBytes(
    tracker.url,
    requestOf(webhookUrl, lengthOf(small), small ?? '') +
      requestOf(webhookUrl, lengthOf(large), large ?? '') +
      requestOf(webhookUrl, 'Transfer-Encoding: chunked', chunked(inChunks ?? '')) +
      requestOf(webhookUrl, `${lengthOf(last)}\r\nConnection: close`, last ?? ''),
  )
  expect(responses.match(/HTTP\/1\.1 \d+/g)).toEqual(NAMES.map(() => 'HTTP/1.1 200'))
  expect((await statusOf(tracker)).extensionStatus).toEqual(
    Object.fromEntries(NAMES.map((name) => [name, 'success'])),
  )
})

test('a body that arrives in pieces after its head is read completely', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const body = bodyOf('remove-bg', 10)
  const headers = { Expect: '100-continue', 'Content-Length': body.length }
  const outgoing = request(webhookUrl, { method: 'POST', agent: false, headers })
  outgoing.flushHeaders()
  // This event means that the service has read the head.
  await once(outgoing, 'continue')
  const received = once(outgoing, 'response')
  outgoing.write(body.slice(0, 20))
  outgoing.end(body.slice(20))
  const [response] = await received
  expect([response.statusCode, JSON.parse(await text(response))]).toEqual([200, { outcome: 'applied' }])
})

test('an empty body gets 400, and settles no run', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const response = await rawBytes(
    tracker.url,
    requestOf(webhookUrl, 'Content-Length: 0\r\nConnection: close', ''),
  )
  expect(response).toMatch(/^HTTP\/1\.1 400 /)
  expect((await statusOf(tracker)).status).toBe('pending')
})

test('deliveries on separate connections are committed together', async () => {
  const tracker = await startTracker()
  const registered = await Promise.all(
    Array.from({ length: 40 }, () => register(tracker, ['remove-bg'], null)),
  )
  const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS' })
  const before = await countCommits(tracker)
  const responses = await Promise.all(
    registered.map(({ webhookUrl }) => {
      const headers = `Content-Length: ${body.length}\r\nConnection: close`
      return rawBytes(tracker.url, requestOf(webhookUrl, headers, body))
    }),
  )
  for (const response of responses) expect(response).toMatch(/^HTTP\/1\.1 200 /)
  // Each event-loop tick accepts one connection: if each tick ended with a commit, each commit would have one delivery.
  expect((await countCommits(tracker)) - before).toBeLessThan(25)
})

test('a delivery is applied even if its sender closes its side of the connection right after the body', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const { hostname, port } = new URL(tracker.url)
  const body = bodyOf('remove-bg', 10)
  connect(Number(port), hostname).end(requestOf(webhookUrl, `Content-Length: ${body.length}`, body))
  await vi.waitFor(async () => expect((await statusOf(tracker)).status).toBe('success'))
})

async function countCommits(tracker: RunningTracker): Promise<number> {
  const text = await (await tracker.fetch('/metrics')).text()
  return Number(/^tracker_commit_seconds_count (\d+)$/m.exec(text)?.[1])
}
