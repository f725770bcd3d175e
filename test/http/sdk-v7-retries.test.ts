import ImageKit, { InternalServerError, RateLimitError } from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { type Call, startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { API_KEY, startTracker } from '../support/tracker.ts'

async function startWithImagekit(respond: (call: Call) => unknown, imagekitTimeoutMs = 10_000) {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    if (await call.readToEnd()) respond(call)
  })
  const env = { IMAGEKIT_UPLOAD_URL: imagekit.url, IMAGEKIT_API_URL: imagekit.url }
  const tracker = await startTracker(env, { imagekitTimeoutMs })
  return { imagekit, client: new ImageKit({ privateKey: API_KEY, baseURL: tracker.url }) }
}

const upload = (client: ImageKit) =>
  client.files
    .upload({ file: 'aGVsbG8=', fileName: 'a.txt', extensions: [{ name: 'remove-bg' }] })
    .catch((error: unknown) => error)

test('if ImageKit breaks the connection, an upload gets 502, and the SDK does not send it again', async () => {
  const { imagekit, client } = await startWithImagekit((call) => call.outgoing.destroy())
  const error = await upload(client)
  expect(error).toBeInstanceOf(InternalServerError)
  expect(error).toMatchObject({
    status: 502,
    error: { message: expect.any(String), help: expect.any(String) },
  })
  expect(imagekit.countCompleteCalls()).toBe(1)
})

test('if ImageKit does not respond in time, an upload gets 504, and the SDK does not send it again', async () => {
  const { imagekit, client } = await startWithImagekit(() => {}, 300)
  expect(await upload(client)).toMatchObject({ status: 504 })
  expect(imagekit.countCompleteCalls()).toBe(1)
})

test.each([500, 502, 503, 504])(
  'if ImageKit responds with %i, an upload gets the same status, and the SDK does not send it again',
  async (status) => {
    const { imagekit, client } = await startWithImagekit((call) =>
      call.outgoing.writeHead(status).end('oops'),
    )
    expect(await upload(client)).toMatchObject({ status })
    expect(imagekit.countCompleteCalls()).toBe(1)
  },
)

test('after a clear rejection the SDK decides whether to retry: it retries after a 429', async () => {
  const { imagekit, client } = await startWithImagekit((call) =>
    call.respond(429, { message: 'Rate limit exceeded', help: '' }, { 'x-ratelimit-reset': '1' }),
  )
  expect(await upload(client.withOptions({ maxRetries: 1 }))).toBeInstanceOf(RateLimitError)
  expect(imagekit.countCompleteCalls()).toBe(2)
})

test('if ImageKit breaks the connection, an update gets 502, and the SDK does not send it again', async () => {
  const { imagekit, client } = await startWithImagekit((call) => call.outgoing.destroy())
  const update = client.files.update('f1', { extensions: [{ name: 'remove-bg' }] })
  await expect(update).rejects.toMatchObject({ status: 502 })
  expect(imagekit.countCompleteCalls()).toBe(1)
})
