import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { rawBytes } from '../support/raw-request.ts'
import { API_KEY, startTracker } from '../support/tracker.ts'
import { payload, register, statusOf } from '../support/webhooks.ts'

const GENERATED_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Asserts that the bytes are a complete problem response that closes its connection. */
function expectProblem(response: string, status: number, code: string): void {
  const [head = '', body = ''] = response.split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(head.toLowerCase()).toContain('content-type: application/problem+json')
  expect(head.toLowerCase()).toContain('connection: close')
  expect(Number(/content-length: (\d+)/i.exec(head)?.[1])).toBe(Buffer.byteLength(body))
  const [, id] = /x-request-id: (\S+)/i.exec(head) ?? []
  expect(id).toMatch(GENERATED_ID)
  const anyText = expect.any(String)
  expect(JSON.parse(body)).toMatchObject({ code, status, title: anyText, detail: anyText, requestId: id })
}

test.each([
  ['garbage', '\u0000\u0001garbage\r\n\r\n'],
  ['an unknown method', 'FETCH / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['HTTP/0.9', 'GET /healthz\r\n\r\n'],
  [
    'two Content-Length headers',
    'POST /submissions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
  ],
  [
    'Content-Length together with Transfer-Encoding',
    'POST /submissions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a folded header without a name', 'GET / HTTP/1.1\r\n folded: x\r\n\r\n'],
  ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\u0000\r\n\r\n'],
  ['a CONNECT request', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n'],
])('%s gets a problem with status 400, and the connection is closed', async (_, bytes) => {
  const tracker = await startTracker()
  expectProblem(await rawBytes(tracker.url, bytes), 400, 'invalid_input')
})

test.each([
  ['a header over 16 KiB', '/healthz', `x: ${'x'.repeat(17_000)}\r\n`],
  ['an address over 16 KiB', `/${'x'.repeat(17_000)}`, ''],
  // 200 together with Host.
  ['two hundred headers', '/healthz', 'x: y\r\n'.repeat(199)],
])('a request with %s gets a problem with status 431', async (_, address, headers) => {
  const tracker = await startTracker()
  const response = await rawBytes(tracker.url, `GET ${address} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`)
  expectProblem(response, 431, 'headers_too_large')
})

test('a caller that sends a head of 8 MB before it reads still gets the response', async () => {
  const tracker = await startTracker()
  const { hostname, port } = new URL(tracker.url)
  const socket = connect(Number(port), hostname)
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.write(`GET / HTTP/1.1\r\nx: ${'x'.repeat(8_000_000)}`, () => resolve())
  })
  expectProblem(await text(socket), 431, 'headers_too_large')
})

test('a caller that never stops sending invalid bytes is disconnected', async () => {
  const tracker = await startTracker()
  const { hostname, port } = new URL(tracker.url)
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
  socket.on('error', () => {}).resume()
  const timer = setInterval(() => socket.write('nonsense\r\n\r\n'), 20)
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(timer)
})

test('199 headers are accepted', async () => {
  const tracker = await startTracker()
  const head = `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${'x: y\r\n'.repeat(197)}\r\n`
  expect(await rawBytes(tracker.url, head)).toMatch(/^HTTP\/1\.1 200 /)
})

test('a delivery with invalid chunks gets 400, and is not applied', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const body = JSON.stringify(payload('remove-bg', 'success'))
  const head = `POST ${new URL(webhookUrl).pathname} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`
  const bytes = `${head}${body.length.toString(16)}\r\n${body}\r\nnonsense\r\n\r\n`
  expectProblem(await rawBytes(tracker.url, bytes), 400, 'invalid_input')
  expect((await statusOf(tracker)).status).toBe('pending')
})

test('invalid bytes after a request in flight get no response, because the caller would take it for the response to the request', async () => {
  const imagekit = await startMisbehavingImagekit()
  const tracker = await startTracker({ IMAGEKIT_API_URL: imagekit.url })
  const { hostname, port } = new URL(tracker.url)
  const socket = connect(Number(port), hostname)
  const head = `PATCH /v1/files/x/details HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${API_KEY}\r\nContent-Length: 2\r\n`
  socket.write(`${head}\r\n{}`)
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  socket.write('nonsense\r\n\r\n')
  expect(await text(socket)).toBe('')
  imagekit.calls[0]?.respond(200, {})
})

test('invalid bytes after a finished request get their own response', async () => {
  const tracker = await startTracker()
  const { hostname, port } = new URL(tracker.url)
  const socket = connect(Number(port), hostname)
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  const [first] = await once(socket, 'data')
  expect(first.toString()).toMatch(/^HTTP\/1\.1 200 /)
  socket.write('nonsense\r\n\r\n')
  expectProblem(await text(socket), 400, 'invalid_input')
})
