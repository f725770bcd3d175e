import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import {
  BOUNDARY,
  type Entry,
  FILE,
  FILE_NAME,
  openUpload,
  partText,
  update,
  upload,
} from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'

const FORM: Entry[] = [FILE, FILE_NAME]
const KEY = { headers: { 'idempotency-key': 'key-1' } }
const FILE_START = `--${BOUNDARY}\r\n${partText('name="file"; filename="a"', 'first half')}`

async function start(env: Record<string, string> = {}, overrides = {}) {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await (call.path.endsWith('details') ? call.readJson() : call.readForm())
    if (!call.isClosed) call.respond(200, uploadedFile(`file${imagekit.calls.length}`))
  })
  const database = await createTestDatabase()
  const watched = await openWatchedStore(database)
  const urls = { IMAGEKIT_UPLOAD_URL: imagekit.url, IMAGEKIT_API_URL: imagekit.url }
  const settings = { store: watched.store, drainMs: 100, ...overrides }
  const tracker = await startTracker({ ...urls, ...env }, settings, database)
  /** Repeats the upload with the same key. Expects that it succeeds, and that ImageKit got no other complete form. */
  const retry = async () => {
    const response = await upload(tracker, FORM, KEY)
    expect(response.status).toBe(200)
    expect(imagekit.calls.filter((call) => call.hasWholeForm)).toHaveLength(1)
  }
  return { tracker, imagekit, retry, ...watched }
}

test('after a 400 from the tracker itself, the same Idempotency-Key uploads the file', async () => {
  const { tracker, retry } = await start()
  expect((await upload(tracker, [...FORM, ['extensions', 'x']], KEY)).status).toBe(400)
  await retry()
})

test('after a 401 from the tracker itself, the same key uploads the file', async () => {
  const { tracker, retry } = await start()
  const headers = { ...KEY.headers, authorization: 'Bearer wrong' }
  expect((await upload(tracker, FORM, { headers })).status).toBe(401)
  await retry()
})

test('after a 408 because the caller paused, the same key uploads the file', async () => {
  const { tracker, retry } = await start({}, { bodyIdleMs: 500 })
  const caller = openUpload(tracker, KEY.headers)
  caller.write(FILE_START)
  expect((await caller.response).status).toBe(408)
  await retry()
})

test('after a 413 from the tracker itself, the same key uploads the file', async () => {
  const { tracker, retry } = await start({ MAX_UPLOAD_BYTES: '1KiB' })
  expect((await upload(tracker, [...FORM, ['x', 'x'.repeat(1024)]], KEY)).status).toBe(413)
  await retry()
})

test('after a 503 because the submission could not be stored, the same key uploads the file', async () => {
  const { tracker, retry, failing } = await start()
  failing.add('createSubmission')
  expect((await upload(tracker, FORM, KEY)).status).toBe(503)
  failing.clear()
  await retry()
})

test('after the caller disconnected during the form, the same key uploads the file', async () => {
  const { tracker, imagekit, retry } = await start()
  const caller = openUpload(tracker, KEY.headers)
  caller.write(FILE_START)
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  caller.disconnect()
  // Until the key has been released, this invalid request gets 409.
  await expect.poll(async () => (await upload(tracker, [...FORM, ['extensions', 'x']], KEY)).status).toBe(400)
  await retry()
})

test('after ImageKit closed the connection during the form, the same key uploads the file', async () => {
  const { tracker, imagekit, retry } = await start()
  const caller = openUpload(tracker, KEY.headers)
  caller.write(FILE_START)
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  imagekit.calls[0]?.breakOff()
  expect((await caller.response).status).toBe(502)
  await retry()
})

test('a repeated form that is incomplete gets 400', async () => {
  const { tracker, imagekit } = await start()
  await upload(tracker, FORM, KEY)
  const caller = openUpload(tracker, KEY.headers)
  caller.write(FILE_START)
  caller.end()
  expect((await caller.response).status).toBe(400)
  expect(imagekit.calls).toHaveLength(1)
})

test.for(['', ' ', 'two words', 'ü', 'x'.repeat(256)])(
  'the Idempotency-Key "%s" gets 400, and nothing is sent to ImageKit',
  async (key) => {
    const { tracker, imagekit } = await start()
    for (const response of [
      await upload(tracker, FORM, { headers: { 'idempotency-key': key } }),
      await update(tracker, {}, { headers: { 'idempotency-key': key } }),
    ]) {
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ message: expect.stringContaining('Idempotency-Key') })
    }
    expect(imagekit.calls).toEqual([])
  },
)

test('an update that the store could not record is sent when the same key is used again', async () => {
  const { tracker, imagekit, failing } = await start()
  failing.add('createSubmission')
  expect((await update(tracker, {}, KEY)).status).toBe(503)
  failing.clear()
  expect((await update(tracker, {}, KEY)).status).toBe(200)
  expect(imagekit.calls).toHaveLength(1)
})
