import { expect, test } from 'vitest'
import { createTestDatabase, openStoreOf, type TestDatabase } from '../support/database.ts'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { type Entry, EXTENSIONS, FILE, FILE_NAME, getSubmission, upload } from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'

const FORM: Entry[] = [FILE, FILE_NAME, ['extensions', EXTENSIONS]]
const KEY = { headers: { 'idempotency-key': 'key-1' } }

/** Starts a tracker on the database of a process that died during an upload, before or after it had written the submission. */
async function startAfterCrash({
  hasSubmission,
}: {
  hasSubmission: boolean
}): Promise<{ tracker: RunningTracker; countUploads: () => number; submissionId: string | undefined }> {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readForm()
    call.respond(200, uploadedFile('file2'))
  })
  const env = { IMAGEKIT_UPLOAD_URL: imagekit.url }
  // The steps that the process wrote before it died, recorded from one that did not die.
  const recorded = await recordSteps(env)
  const uploadsBefore = imagekit.calls.length
  const database = await createTestDatabase()
  const store = await openStoreOf(database)
  await store.claimIdempotencyKey(recorded.claim, Date.now())
  const created = hasSubmission ? await store.createSubmission(recorded.submission, recorded.key) : undefined
  await store.close()
  if (store.isShared) await recover(database)
  return {
    tracker: await startTracker(env, {}, database),
    countUploads: () => imagekit.calls.length - uploadsBefore,
    submissionId: created?.submissionId,
  }
}

/**
 * Recovers the unfinished upload and its key, like a process that has been running for a while. A new process that shares the database
 * would have to run for 30 seconds first.
 */
async function recover(database: TestDatabase): Promise<void> {
  const other = await openStoreOf(database)
  const now = Date.now()
  await other.recoverAbandoned(now, now)
  await other.close()
}

async function recordSteps(env: Record<string, string>) {
  const database = await createTestDatabase()
  const { store, claims } = await openWatchedStore(database)
  const steps: Parameters<typeof store.createSubmission>[] = []
  const recorder: typeof store = {
    ...store,
    createSubmission(...step) {
      steps.push(step)
      return store.createSubmission(...step)
    },
  }
  const tracker = await startTracker(env, { store: recorder }, database)
  await upload(tracker, FORM, KEY)
  const [claim] = claims
  const [submission, key] = steps[0] ?? []
  if (claim === undefined || submission === undefined || key === undefined)
    throw new Error('nothing was recorded')
  return { claim, submission, key }
}

test('after a crash that may have left the file at ImageKit, the same Idempotency-Key gets 502 and uploads nothing', async () => {
  const { tracker, countUploads, submissionId } = await startAfterCrash({ hasSubmission: true })
  expect(await getSubmission(tracker, submissionId ?? '')).toMatchObject({ state: 'unconfirmed' })
  for (const _ of [1, 2]) {
    const response = await upload(tracker, FORM, KEY)
    expect(response.status).toBe(502)
    expect(response.headers.get('x-submission-id')).toBe(submissionId)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await response.json()).toEqual({ message: expect.any(String), help: expect.any(String) })
  }
  expect((await upload(tracker, [FILE], KEY)).status).toBe(422)
  expect(countUploads()).toBe(0)
})

test('after a crash before the submission was written, the same Idempotency-Key uploads the file', async () => {
  const { tracker, countUploads } = await startAfterCrash({ hasSubmission: false })
  expect((await upload(tracker, FORM, KEY)).status).toBe(200)
  expect(countUploads()).toBe(1)
})
