import { expect, test } from 'vitest'
import { type Call, startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import { type Entry, FILE, FILE_NAME, openUpload, upload } from '../support/uploads.ts'

const V2 = '/api/v2/files/upload'
const FORM: readonly Entry[] = [FILE, FILE_NAME]
const withKey = { path: V2, headers: { 'idempotency-key': 'key-1' } }

async function start(handle: (call: Call) => unknown, env: { [name: string]: string } = {}, overrides = {}) {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readForm()
    if (call.hasWholeForm) await handle(call)
  })
  return { imagekit, tracker: await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url, ...env }, overrides) }
}

const respondOk = (call: Call) => call.respond(200, uploadedFile('file1'))

test('the second version of the upload rejects what the first one rejects', async () => {
  const { tracker } = await start(respondOk, { MAX_UPLOAD_BYTES: '1KiB' })
  expect((await upload(tracker, [FILE, FILE_NAME, FILE], { path: V2 })).status).toBe(400)
  expect((await upload(tracker, [['file', 'x'.repeat(2_000), 'a']], { path: V2 })).status).toBe(413)
  expect((await upload(tracker, FORM, withKey)).status).toBe(200)
  expect((await upload(tracker, [FILE, ['fileName', 'other.jpg']], withKey)).status).toBe(422)
})

test('the second version of the upload passes on ImageKit’s errors, and reports a timeout of ImageKit with 504', async () => {
  const rejecting = await start((call) => call.respond(402, '{"message":"no"}'))
  expect((await upload(rejecting.tracker, FORM, { path: V2 })).status).toBe(402)
  const silent = await start(() => {}, {}, { imagekitTimeoutMs: 50 })
  expect((await upload(silent.tracker, FORM, { path: V2 })).status).toBe(504)
})

test('the second version of the upload gets 408 if it stops arriving, 409 while the same key is in progress, and 503 beyond the limit', async () => {
  const { tracker, imagekit } = await start(() => {}, { MAX_CONCURRENT_UPLOADS: '1' }, { bodyIdleMs: 200 })
  const slow = openUpload(tracker, { 'content-length': 100 }, 'POST', V2)
  slow.write('--')
  expect((await slow.response).status).toBe(408)
  const first = upload(tracker, FORM, withKey)
  await expect.poll(() => imagekit.calls.some((call) => call.hasWholeForm)).toBe(true)
  expect((await upload(tracker, FORM, withKey)).status).toBe(409)
  expect((await upload(tracker, FORM, { path: V2 })).status).toBe(503)
  for (const call of imagekit.calls) if (call.hasWholeForm) respondOk(call)
  expect((await first).status).toBe(200)
})
