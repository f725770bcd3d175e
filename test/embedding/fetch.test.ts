import { Readable } from 'node:stream'
import { setImmediate as nextTick } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createFetchHandler } from '../../src/http/fetch-handler.ts'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { ADMIN_KEY, API_KEY } from '../support/tracker.ts'
import { BOUNDARY, partText, UPLOAD } from '../support/uploads.ts'
import { register } from '../support/webhooks.ts'
import { type EmbeddedTracker, nodeHost, startHost } from './hosts.ts'

const MiB = 1024 * 1024
const FORM_HEAD = `--${BOUNDARY}\r\n${partText('name="file"; filename="a"', '')}`
const FORM_END = `\r\n--${BOUNDARY}\r\n${partText('name="fileName"', 'a')}\r\n--${BOUNDARY}--\r\n`

/** A form whose file has `mebibytes` MiB, made as it is read. */
function streamedForm(mebibytes: number) {
  const progress = { bytes: 0, isCancelled: false }
  const chunk = new Uint8Array(64 * 1024)
  let chunks = 0
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(encoder.encode(FORM_HEAD)),
      pull(controller) {
        if (chunks < mebibytes * 16) {
          chunks += 1
          progress.bytes += chunk.length
          controller.enqueue(chunk)
          return
        }
        controller.enqueue(encoder.encode(FORM_END))
        controller.close()
      },
      cancel() {
        progress.isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { body, progress }
}

function uploadRequest({ url }: EmbeddedTracker, body: ReadableStream, init: RequestInit = {}): Request {
  const headers = {
    authorization: `Bearer ${API_KEY}`,
    'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
  }
  return new Request(url + UPLOAD, {
    method: 'POST',
    body,
    duplex: 'half',
    ...init,
    headers: headers,
  })
}

async function startWithImagekit(
  ...[handle, config]: [Parameters<typeof startMisbehavingImagekit>[0], object?]
) {
  const imagekit = await startMisbehavingImagekit(handle)
  return { imagekit, host: await startHost(nodeHost, { imagekitUploadUrl: imagekit.url, ...config }) }
}

test('the file of an upload is read only as fast as ImageKit reads it', async () => {
  const { imagekit, host } = await startWithImagekit(() => {})
  const { body, progress } = streamedForm(50)
  const response = host.tracker.fetch(uploadRequest(host, body))
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  // Until nothing has been read during fifty requests to the same process.
  for (let bytes = -1; bytes !== progress.bytes; ) {
    bytes = progress.bytes
    for (let count = 0; count < 50; count += 1) await host.fetch('/healthz')
  }
  // The operating system's buffers of the connection to ImageKit may have several megabytes.
  expect(progress.bytes).toBeLessThan(25 * MiB)
  expect(await imagekit.calls[0]?.readToEnd()).toBe(true)
  imagekit.calls[0]?.respond(200, uploadedFile('file1'))
  expect(await (await response).json()).toMatchObject({ fileId: 'file1' })
  expect(progress.bytes).toBe(50 * MiB)
})

test('if the request is aborted, fetch rejects with its reason, and the upload to ImageKit is aborted', async () => {
  const { imagekit, host } = await startWithImagekit(() => {})
  const controller = new AbortController()
  const { body, progress } = streamedForm(50)
  const response = host.tracker.fetch(uploadRequest(host, body, { signal: controller.signal }))
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  controller.abort(new Error('the reason'))
  await expect(response).rejects.toThrow('the reason')
  expect(await imagekit.calls[0]?.readToEnd()).toBe(false)
  await expect.poll(() => progress.isCancelled).toBe(true)
})

test('an upload that is too large gets its 413 at once, and the rest of its body is not read', async () => {
  const { host } = await startWithImagekit(() => {}, { maxUploadBytes: '1KiB' })
  const { body, progress } = streamedForm(50)
  const response = await host.tracker.fetch(uploadRequest(host, body))
  expect(response.status).toBe(413)
  await response.text()
  await expect.poll(() => progress.isCancelled).toBe(true)
  expect(progress.bytes).toBeLessThan(5 * MiB)
})

test('events arrive while the stream is open, and cancelling it frees its place among the open streams', async () => {
  const host = await startHost(nodeHost)
  const { eventsUrl, webhookUrl } = await register(host, ['remove-bg', 'aws-auto-tagging'])
  const open = () => host.tracker.fetch(new Request(eventsUrl))
  const decoder = new TextDecoder()
  const first = (await open()).body?.getReader()
  expect(decoder.decode((await first?.read())?.value)).toContain('"remove-bg":"pending"')
  const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileObject: {} })
  expect((await host.tracker.fetch(new Request(webhookUrl, { method: 'POST', body }))).status).toBe(200)
  expect(decoder.decode((await first?.read())?.value)).toContain('"remove-bg":"success"')

  // One token may have twenty streams.
  const others = await Promise.all(Array.from({ length: 19 }, open))
  expect(others.map(({ status }) => status)).not.toContain(503)
  expect((await open()).status).toBe(503)
  await first?.cancel()
  await expect.poll(async () => (await open()).status).toBe(200)
})

test('a caller can send any header', async () => {
  const host = await startHost(nodeHost)
  const { webhookUrl } = await register(host, ['remove-bg'])
  const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileObject: {} })
  const headers = {
    'content-length': String(body.length),
    trailer: 'x',
    te: 'trailers',
    expect: '100-continue',
    connection: 'upgrade',
    upgrade: 'websocket',
    'keep-alive': 'timeout=1',
  }
  const delivered = await host.tracker.fetch(new Request(webhookUrl, { method: 'POST', body, headers }))
  expect([delivered.status, await delivered.json()]).toEqual([200, { outcome: 'applied' }])
  const { 'content-length': _, ...withoutLength } = headers
  const health = await host.tracker.fetch(new Request(`${host.url}/healthz`, { headers: withoutLength }))
  expect(health.status).toBe(200)
})

test('a response is read only as fast as its reader reads it', async () => {
  const chunk = Buffer.alloc(64 * 1024)
  let bytes = 0
  const endless = new Readable({
    read() {
      bytes += chunk.length
      this.push(chunk)
    },
  })
  const send = createFetchHandler((_incoming, outgoing) => void endless.pipe(outgoing))
  const response = await send(new Request('http://tracker.example/'))
  for (let before = -1; before !== bytes && bytes < 100 * MiB; ) {
    before = bytes
    for (let count = 0; count < 50; count += 1) await nextTick()
  }
  expect(bytes).toBeLessThan(5 * MiB)
  await response.body?.cancel()
})

test('a body that was already read is a TypeError', async () => {
  const host = await startHost(nodeHost)
  const request = new Request(`${host.url}/submissions`, { method: 'POST', body: '{}' })
  await request.text()
  await expect(host.tracker.fetch(request)).rejects.toThrow('The body of the request was already read.')
})

test('without keys, only callers whose address is known to be that of this machine are accepted', async () => {
  const { url, tracker } = await startHost(nodeHost, { trackerApiKey: '', trackerAdminKey: '' })
  const ask = async (options?: { remoteAddress: string }) => {
    const response = await tracker.fetch(new Request(`${url}/healthz`), options)
    return [response.status, ((await response.json()) as { detail?: string }).detail]
  }
  expect(await ask({ remoteAddress: '127.0.0.1' })).toEqual([200, undefined])
  expect(await ask({ remoteAddress: '::ffff:127.0.0.1' })).toEqual([200, undefined])
  expect(await ask({ remoteAddress: '192.0.2.1' })).toEqual([
    403,
    expect.stringContaining('not on this machine'),
  ])
  expect(await ask()).toEqual([403, expect.stringContaining('not known')])
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
})

test('failed sign-ins are counted by the given address, which may be that of a trusted proxy', async () => {
  const { url, tracker } = await startHost(nodeHost, { trustedProxies: ['10.0.0.0/8'] })
  const signIn = async (key: string, remoteAddress?: string, forwardedFor?: string) => {
    const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
    const body = new URLSearchParams({ key })
    const request = new Request(`${url}/admin/sign-in`, { method: 'POST', body, headers })
    return (await tracker.fetch(request, remoteAddress === undefined ? {} : { remoteAddress })).status
  }
  for (let count = 0; count < 10; count += 1) expect(await signIn(`wrong-${count}`, '192.0.2.1')).toBe(401)
  expect(await signIn(ADMIN_KEY, '192.0.2.1')).toBe(429)
  expect(await signIn(ADMIN_KEY, '10.0.0.1', '192.0.2.1')).toBe(429)
  expect(await signIn(ADMIN_KEY, '192.0.2.2')).toBe(303)
  // Without an address, X-Forwarded-For is not trusted.
  expect(await signIn(ADMIN_KEY, undefined, '192.0.2.1')).toBe(303)
  for (let count = 0; count < 10; count += 1) expect(await signIn(`other-${count}`)).toBe(401)
  expect(await signIn(ADMIN_KEY)).toBe(429)
})
