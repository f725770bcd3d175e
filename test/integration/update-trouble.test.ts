import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { type Call, startMisbehavingImagekit, UNREACHABLE_URL } from '../support/misbehaving-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import { getSubmission, openUpload, update } from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'
import { deliver, FILE_ID } from '../support/webhooks.ts'

const BODY = { extensions: [{ name: 'remove-bg' }] }

async function start(imagekitUrl: string, overrides = {}) {
  const database = await createTestDatabase()
  const watched = await openWatchedStore(database)
  const settings = { store: watched.store, drainMs: 100, ...overrides }
  const tracker = await startTracker({ IMAGEKIT_API_URL: imagekitUrl }, settings, database)
  return { tracker, ...watched }
}

test('if ImageKit refuses the connection, the update gets 502 and its submission is rejected', async () => {
  const { tracker, created } = await start(UNREACHABLE_URL)
  const response = await update(tracker, BODY)
  expect(response.status).toBe(502)
  expect(await response.json()).toEqual({
    message: expect.stringContaining('Nothing was changed'),
    help: expect.any(String),
  })
  expect(response.headers.get('x-should-retry')).toBeNull()
  const submission = await getSubmission(tracker, created[0]?.submissionId ?? '')
  expect(submission).toMatchObject({ state: 'rejected', error: { code: 'imagekit_unreachable' } })
  expect((await tracker.fetch(`/assets/${FILE_ID}/status`)).status).toBe(404)
})

const FAILURES: [failure: string, status: number, code: string, script: (call: Call) => void][] = [
  ['breaks the connection', 502, 'imagekit_unreachable', (call) => call.breakOff()],
  ['does not respond', 504, 'imagekit_timeout', () => {}],
  ['responds with 503', 503, 'imagekit_unclear', (call) => call.respond(503, '{"message":"down"}')],
]

test.for(FAILURES)(
  'if ImageKit receives an update and %s, the update is unconfirmed, and a webhook still settles its run',
  async ([, status, code, script]) => {
    let webhookUrl = ''
    const imagekit = await startMisbehavingImagekit(async (call) => {
      webhookUrl = String(Object(await call.readJson()).webhookUrl)
      script(call)
    })
    const { tracker } = await start(
      imagekit.url,
      code === 'imagekit_timeout' ? { imagekitTimeoutMs: 50 } : {},
    )
    const response = await update(tracker, BODY)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-should-retry')).toBe('false')
    const submissionId = response.headers.get('x-submission-id')
    expect(await getSubmission(tracker, submissionId)).toMatchObject({
      state: 'unconfirmed',
      error: { code },
    })
    expect(await (await tracker.fetch(`/assets/${FILE_ID}/status`)).json()).toMatchObject({
      status: 'pending',
    })

    await deliver(webhookUrl, {
      service: 'remove-bg',
      status: 'FAILURE',
      fileId: FILE_ID,
      error: { reason: 'x' },
    })
    expect(await (await tracker.fetch(`/assets/${FILE_ID}/status`)).json()).toMatchObject({
      status: 'failed',
    })
  },
)

test('while the store can’t write the submission, an update gets 503 and ImageKit is not called', async () => {
  const imagekit = await startMisbehavingImagekit()
  const { tracker, failing } = await start(imagekit.url)
  failing.add('createSubmission')
  const response = await update(tracker, BODY)
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  expect(imagekit.calls).toEqual([])
})

test('an update whose body is not complete in time gets 408', async () => {
  const imagekit = await startMisbehavingImagekit()
  const { tracker } = await start(imagekit.url, { wholeBodyMs: 50 })
  const headers = { 'content-type': 'application/json' }
  const caller = openUpload(tracker, headers, 'PATCH', `/v1/files/${FILE_ID}/details`)
  caller.write('{"tags":')
  expect((await caller.response).status).toBe(408)
  expect(imagekit.calls).toEqual([])
})

test('ImageKit’s response to an update is applied even if the caller has disconnected', async () => {
  const imagekit = await startMisbehavingImagekit((call) => call.readJson())
  const { tracker, created } = await start(imagekit.url)
  const headers = { 'content-type': 'application/json' }
  const caller = openUpload(tracker, headers, 'PATCH', `/v1/files/${FILE_ID}/details`)
  caller.write(JSON.stringify(BODY))
  caller.end()
  await expect.poll(() => imagekit.calls[0]?.received).toContain('remove-bg')
  caller.disconnect()
  await expect(caller.response).rejects.toThrow()
  imagekit.calls[0]?.respond(400, '{"message":"no"}')
  const id = created[0]?.submissionId ?? ''
  await expect.poll(() => getSubmission(tracker, id)).toMatchObject({ state: 'rejected' })
})

test('an update beyond MAX_CONCURRENT_UPLOADS gets 503 with Retry-After', async () => {
  const imagekit = await startMisbehavingImagekit()
  const env = { IMAGEKIT_API_URL: imagekit.url, MAX_CONCURRENT_UPLOADS: '1' }
  const tracker = await startTracker(env, { drainMs: 100 })
  const unanswered = update(tracker, { tags: ['a'] }).catch(() => {})
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  const rejected = await update(tracker, { tags: ['b'] })
  expect([rejected.status, rejected.headers.get('retry-after')]).toEqual([503, '1'])
  expect(imagekit.calls).toHaveLength(1)
  await tracker.service.stop()
  await unanswered
})

test('an update with the Idempotency-Key of one that is still in progress gets 409', async () => {
  const imagekit = await startMisbehavingImagekit()
  const { tracker } = await start(imagekit.url)
  const headers = { 'idempotency-key': 'key-1' }
  const first = update(tracker, BODY, { headers })
  await expect.poll(() => imagekit.calls.length).toBe(1)
  expect((await update(tracker, BODY, { headers })).status).toBe(409)
  await imagekit.calls[0]?.readJson()
  imagekit.calls[0]?.respond(200, '{}')
  expect((await first).status).toBe(200)
})
