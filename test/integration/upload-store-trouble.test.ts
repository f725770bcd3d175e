import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { type Call, startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import {
  BOUNDARY,
  EXTENSIONS,
  FILE,
  FILE_NAME,
  getSubmission,
  openUpload,
  partText,
  upload,
} from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'

const FORM = [FILE, FILE_NAME, ['extensions', EXTENSIONS] satisfies [string, string]]
const FILE_START = `--${BOUNDARY}\r\n${partText('name="file"; filename="a"', 'first half')}`
const FORM_END = `\r\n--${BOUNDARY}\r\n${partText('name="fileName"', 'a.jpg')}\r\n--${BOUNDARY}--\r\n`
const KEY = { headers: { 'idempotency-key': 'key-1' } }

async function start() {
  const imagekit = await startMisbehavingImagekit(async (call: Call) => {
    await call.readForm()
    const extensionStatus = { 'remove-bg': 'pending' }
    if (call.hasWholeForm) call.respond(200, uploadedFile('file1', { extensionStatus }))
  })
  const database = await createTestDatabase()
  const watched = await openWatchedStore(database)
  const tracker = await startTracker(
    { IMAGEKIT_UPLOAD_URL: imagekit.url },
    { store: watched.store },
    database,
  )
  return { imagekit, tracker, ...watched }
}

test('while the store can’t write a submission, an upload gets 503 and nothing is uploaded', async () => {
  const { tracker, imagekit, failing, created } = await start()
  failing.add('createSubmission')
  const response = await upload(tracker, FORM)
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('5')
  expect(response.headers.get('x-should-retry')).toBeNull()
  expect(await response.json()).toEqual({ message: expect.any(String), help: expect.any(String) })
  await Promise.all(imagekit.calls.map((call) => call.closed))
  expect(imagekit.calls.filter((call) => call.hasWholeForm)).toEqual([])
  expect(created).toEqual([])
  failing.clear()
  expect((await upload(tracker, FORM)).status).toBe(200)
})

test('a response that the store can’t write is still returned, and applied once the store is back', async () => {
  const { tracker, failing } = await start()
  failing.add('applyResponse')
  const response = await upload(tracker, FORM)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ fileId: 'file1' })
  const submissionId = response.headers.get('x-submission-id')
  expect(await getSubmission(tracker, submissionId)).toMatchObject({ state: 'submitting' })
  failing.clear()
  await expect
    .poll(() => getSubmission(tracker, submissionId))
    .toMatchObject({ state: 'accepted', fileId: 'file1', extensions: [{ source: 'response' }] })
})

test('a response whose write failed is written during the stop at the latest, if the store is available again', async () => {
  const { tracker, failing } = await start()
  failing.add('applyResponse')
  const submissionId = (await upload(tracker, FORM)).headers.get('x-submission-id')
  failing.clear()
  await tracker.service.stop()
  const { store } = await openWatchedStore(tracker.database)
  const stored = await store.findSubmission(submissionId ?? '')
  await store.close()
  expect(stored?.submission.state).toBe('accepted')
})

test('an upload that repeats an Idempotency-Key gets 409 until the first response is written, and then that response', async () => {
  const { tracker, failing, imagekit } = await start()
  failing.add('applyResponse')
  const first = await upload(tracker, FORM, KEY)
  expect(first.status).toBe(200)
  expect((await upload(tracker, FORM, KEY)).status).toBe(409)
  failing.clear()
  await expect.poll(async () => (await upload(tracker, FORM, KEY)).status).toBe(200)
  expect(imagekit.calls).toHaveLength(1)
})

test('an Idempotency-Key that could not be released during an outage of the store is released after it', async () => {
  const { tracker, failing, imagekit } = await start()
  failing.add('createSubmission').add('releaseIdempotencyKey')
  expect((await upload(tracker, FORM, KEY)).status).toBe(503)
  failing.clear()
  await expect.poll(async () => (await upload(tracker, FORM, KEY)).status).toBe(200)
  expect(imagekit.calls.filter((call) => call.hasWholeForm)).toHaveLength(1)
})

test('an Idempotency-Key is released if its claim may have been committed although the store reported an error', async () => {
  const { tracker, uncertain, failing, imagekit } = await start()
  uncertain.add('claimIdempotencyKey')
  // The release of the key is retried until the store is available.
  failing.add('releaseIdempotencyKey')
  expect((await upload(tracker, FORM, KEY)).status).toBe(503)
  uncertain.clear()
  expect((await upload(tracker, FORM, KEY)).status).toBe(409)
  failing.clear()
  await expect.poll(async () => (await upload(tracker, FORM, KEY)).status).toBe(200)
  expect(imagekit.calls).toHaveLength(1)
})

test('an upload that loses its Idempotency-Key to another request gets 409, and uploads nothing', async () => {
  const { tracker, store, claims, created, imagekit } = await start()
  const caller = openUpload(tracker, KEY.headers)
  caller.write(FILE_START)
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  // Another process would do this if the process of the upload sent no more heartbeats.
  for (const claim of claims) await store.releaseIdempotencyKey(claim)
  expect((await upload(tracker, FORM, KEY)).status).toBe(200)
  caller.write(FORM_END)
  caller.end()
  expect((await caller.response).status).toBe(409)
  await imagekit.calls[0]?.closed
  expect(imagekit.calls.filter((call) => call.hasWholeForm)).toHaveLength(1)
  expect(created).toHaveLength(1)
  // The response of the other request is still stored.
  expect((await upload(tracker, FORM, KEY)).status).toBe(200)
  expect(imagekit.calls).toHaveLength(2)
})

test('while the store can’t claim an Idempotency-Key, nothing is sent to ImageKit', async () => {
  const { tracker, failing, imagekit } = await start()
  failing.add('claimIdempotencyKey')
  expect((await upload(tracker, FORM, KEY)).status).toBe(503)
  expect(imagekit.calls).toEqual([])
})
