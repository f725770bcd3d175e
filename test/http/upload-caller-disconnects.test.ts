import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import {
  BOUNDARY,
  FILE,
  FILE_NAME,
  formText,
  getSubmission,
  openUpload,
  partText,
  upload,
} from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'

const FILE_START = `--${BOUNDARY}\r\n${partText('name="file"; filename="a"', 'first half')}`
const FORM = formText([partText('name="file"; filename="a"', 'x'), partText('name="fileName"', 'a')])

async function start(script: Parameters<typeof startMisbehavingImagekit>[0], overrides = {}) {
  const imagekit = await startMisbehavingImagekit(script)
  const database = await createTestDatabase()
  const watched = await openWatchedStore(database)
  const tracker = await startTracker(
    { IMAGEKIT_UPLOAD_URL: imagekit.url, MAX_CONCURRENT_UPLOADS: '1' },
    { store: watched.store, drainMs: 100, ...overrides },
    database,
  )
  return { imagekit, tracker, ...watched }
}

/** Uploads a form, and disconnects once ImageKit has all of it but has not responded. */
async function uploadAndDisconnect({
  tracker,
  imagekit,
}: Pick<Awaited<ReturnType<typeof start>>, 'tracker' | 'imagekit'>) {
  const caller = openUpload(tracker)
  caller.write(FORM)
  caller.end()
  await expect.poll(() => imagekit.calls[0]?.hasWholeForm).toBe(true)
  caller.disconnect()
  return caller
}

test('if the caller disconnects in the middle of the file, the request to ImageKit is aborted and the file is not uploaded', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox({ MAX_CONCURRENT_UPLOADS: '1' })
  const caller = openUpload(tracker)
  caller.write(FILE_START)
  await expect.poll(async () => (await upload(tracker, [FILE, FILE_NAME])).status).toBe(503)
  caller.disconnect()
  await expect.poll(async () => (await upload(tracker, [FILE, FILE_NAME])).status).toBe(200)
  expect(sandbox.uploads()).toHaveLength(1)
})

test('if the caller disconnects while ImageKit does not read, the upload is aborted once ImageKit reads', async () => {
  const { tracker, imagekit, created } = await start(() => {})
  const caller = openUpload(tracker)
  caller.write(FILE_START)
  caller.fill(Buffer.alloc(64 * 1024 * 1024))
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  caller.disconnect()
  await imagekit.calls[0]?.readForm()
  await imagekit.calls[0]?.closed
  expect(imagekit.calls[0]?.hasWholeForm).toBe(false)
  expect(created).toEqual([])
})

test('if the caller disconnects after the closing boundary, but before the end of its request, nothing is uploaded', async () => {
  const { tracker, imagekit, created } = await start((call) => call.readForm())
  const caller = openUpload(tracker)
  caller.write(FORM)
  await expect.poll(() => imagekit.calls[0]?.received).toContain('name="fileName"')
  caller.disconnect()
  await imagekit.calls[0]?.closed
  expect(imagekit.calls[0]?.hasWholeForm).toBe(false)
  expect(created).toEqual([])
})

test('if the caller disconnects while its submission is being written, the upload is aborted and the submission becomes rejected', async () => {
  const { tracker, imagekit, created, pauseAfterCommit } = await start((call) => call.readForm())
  const { resume } = pauseAfterCommit()
  const caller = openUpload(tracker)
  caller.write(FORM)
  caller.end()
  await expect.poll(() => created).toHaveLength(1)
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  caller.disconnect()
  await imagekit.calls[0]?.closed
  resume()
  const id = created[0]?.submissionId ?? ''
  await expect
    .poll(() => getSubmission(tracker, id))
    .toMatchObject({ state: 'rejected', error: { code: 'client_closed' } })
  expect(imagekit.calls[0]?.hasWholeForm).toBe(false)
})

test('if the caller disconnects after the form is complete, ImageKit’s response is still applied', async () => {
  const { tracker, imagekit, created } = await start((call) => call.readForm())
  const caller = await uploadAndDisconnect({ tracker, imagekit })
  await expect(caller.response).rejects.toThrow()
  imagekit.calls[0]?.respond(200, uploadedFile('file1'))
  const id = created[0]?.submissionId ?? ''
  await expect.poll(() => getSubmission(tracker, id)).toMatchObject({ state: 'accepted', fileId: 'file1' })
})

test('after the caller disconnects, the service stops only once ImageKit’s response is stored', async () => {
  const { tracker, imagekit, created } = await start((call) => call.readForm(), { drainMs: 5000 })
  await uploadAndDisconnect({ tracker, imagekit })
  const stopped = tracker.service.stop()
  imagekit.calls[0]?.respond(200, uploadedFile('file1'))
  await stopped
  const { store } = await openWatchedStore(tracker.database)
  const found = await store.findSubmission(created[0]?.submissionId ?? '')
  await store.close()
  expect(found?.submission).toMatchObject({ state: 'accepted', fileId: 'file1' })
})

test('a missing response from ImageKit delays the stop only for the drain time, even if the caller has disconnected', async () => {
  const { tracker, imagekit, created } = await start((call) => call.readForm())
  await uploadAndDisconnect({ tracker, imagekit })
  // This request gives the service time to notice the disconnect, so that only the request to ImageKit can delay the stop.
  await expect.poll(async () => (await tracker.fetch('/healthz')).status).toBe(200)
  const startedAt = performance.now()
  await tracker.service.stop()
  expect(performance.now() - startedAt).toBeLessThan(3000)
  expect(created).toHaveLength(1)
})

test('a missing response from ImageKit delays the stop only for the drain time, and the submission is then unconfirmed', async () => {
  const { tracker, imagekit, created } = await start((call) => call.readForm(), { drainMs: 50 })
  const caller = openUpload(tracker)
  caller.write(FORM)
  caller.end()
  await expect.poll(() => imagekit.calls[0]?.hasWholeForm).toBe(true)
  const startedAt = performance.now()
  await tracker.service.stop()
  expect(performance.now() - startedAt).toBeLessThan(3000)
  const { store } = await openWatchedStore(tracker.database)
  const found = await store.findSubmission(created[0]?.submissionId ?? '')
  await store.close()
  expect(found?.submission).toMatchObject({ state: 'unconfirmed' })
})
