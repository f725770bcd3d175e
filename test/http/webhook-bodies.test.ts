import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test, vi } from 'vitest'
import { rawBytes } from '../support/raw-request.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { register, statusOf } from '../support/webhooks.ts'

const NAMES = ['remove-bg', 'ai-tasks', 'aws-auto-tagging', 'google-auto-tagging']

/** What is said stands behind so many bytes: a body that is cut off says nothing. */
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

test('bodies that come with their heads are taken whole: small, large, in chunks, and one after the other', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, NAMES)
  const [small, large, inChunks, last] = NAMES.map((name, index) =>
    bodyOf(name, [10, 40_000, 30_000, 10][index] ?? 0),
  )
  const lengthOf = (body = '') => `Content-Length: ${body.length}`
  const answers = await rawBytes(
    tracker.url,
    requestOf(webhookUrl, lengthOf(small), small ?? '') +
      requestOf(webhookUrl, lengthOf(large), large ?? '') +
      requestOf(webhookUrl, 'Transfer-Encoding: chunked', chunked(inChunks ?? '')) +
      requestOf(webhookUrl, `${lengthOf(last)}\r\nConnection: close`, last ?? ''),
  )
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(NAMES.map(() => 'HTTP/1.1 200'))
  expect((await statusOf(tracker)).extensionStatus).toEqual(
    Object.fromEntries(NAMES.map((name) => [name, 'success'])),
  )
})

test('a body that comes after its head, in pieces, is waited for', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const body = bodyOf('remove-bg', 10)
  const headers = { Expect: '100-continue', 'Content-Length': body.length }
  const outgoing = request(webhookUrl, { method: 'POST', agent: false, headers })
  outgoing.flushHeaders()
  // The head has been read when this comes.
  await once(outgoing, 'continue')
  const answered = once(outgoing, 'response')
  outgoing.write(body.slice(0, 20))
  outgoing.end(body.slice(20))
  const [answer] = await answered
  expect([answer.statusCode, JSON.parse(await text(answer))]).toEqual([200, { outcome: 'applied' }])
})

test('an empty body is no JSON', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const answer = await rawBytes(
    tracker.url,
    requestOf(webhookUrl, 'Content-Length: 0\r\nConnection: close', ''),
  )
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect((await statusOf(tracker)).status).toBe('pending')
})

test('deliveries that each bring a connection are committed together', async () => {
  const tracker = await startTracker()
  const registered = await Promise.all(
    Array.from({ length: 40 }, () => register(tracker, ['remove-bg'], null)),
  )
  const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS' })
  const before = await commitsOf(tracker)
  const answers = await Promise.all(
    registered.map(({ webhookUrl }) => {
      const headers = `Content-Length: ${body.length}\r\nConnection: close`
      return rawBytes(tracker.url, requestOf(webhookUrl, headers, body))
    }),
  )
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  // A turn of the event loop accepts one connection: a commit that did not wait would hold one or two of them.
  expect((await commitsOf(tracker)) - before).toBeLessThan(25)
})

test('a sender who ends its side right behind the body is heard', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const { hostname, port } = new URL(tracker.url)
  const body = bodyOf('remove-bg', 10)
  connect(Number(port), hostname).end(requestOf(webhookUrl, `Content-Length: ${body.length}`, body))
  await vi.waitFor(async () => expect((await statusOf(tracker)).status).toBe('success'))
})

async function commitsOf(tracker: RunningTracker): Promise<number> {
  const text = await (await tracker.fetch('/metrics')).text()
  return Number(/^tracker_commit_seconds_count (\d+)$/m.exec(text)?.[1])
}
