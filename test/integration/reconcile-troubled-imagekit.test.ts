import { expect, test } from 'vitest'
import { accepted, BASELINE } from '../contract/builders.ts'
import { submit } from '../contract/store-calls.ts'
import { createTestDatabase, openStoreOf, type TestDatabase } from '../support/database.ts'
import { UNREACHABLE_URL, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { listRuns } from '../support/operator.ts'
import { startTracker } from '../support/tracker.ts'
import { FILE_ID, register, statusOf } from '../support/webhooks.ts'
import {
  AWS_TAG,
  EAGER,
  movingClock,
  postReconcile,
  reconcileNow,
  startLibrary,
  uploadWith,
  WITHOUT_RECONCILER,
} from './reconcile-setup.ts'

test.each([
  ['500', { status: 500 }],
  ['503', { status: 503 }],
  ['429', { status: 429 }],
  ['401', { status: 401 }],
  ['403', { status: 403 }],
  ['a connection that breaks', 'break_off' as const],
])(
  '%s is never evidence: the run stays pending, even after EXPIRE_AFTER, until a lookup succeeds',
  async (_, rejection) => {
    const { clock, advance } = movingClock()
    const library = await startLibrary()
    const tracker = await startTracker(
      { ...WITHOUT_RECONCILER, EXPIRE_AFTER: '25h', ...library.env },
      { clock },
    )
    const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
    library.rejection = rejection
    advance(30 * 3_600_000)
    expect(await reconcileNow(tracker)).toMatchObject({ runs: [], stoppedBy: expect.any(String) })
    expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })

    library.rejection = undefined
    library.change(fileId, AWS_TAG)
    advance(3_600_000)
    await reconcileNow(tracker)
    expect(await statusOf(tracker, fileId)).toMatchObject({
      status: 'success',
      extensions: [{ source: 'reconcile' }],
    })
  },
)

test('while ImageKit cannot be reached, a run stays pending, even after EXPIRE_AFTER', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const env = { ...WITHOUT_RECONCILER, ...library.env, IMAGEKIT_API_URL: UNREACHABLE_URL }
  const tracker = await startTracker(env, { clock })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  advance(30 * 3_600_000)
  expect(await reconcileNow(tracker)).toMatchObject({
    runs: [],
    stoppedBy: expect.stringContaining('ECONNREFUSED'),
  })
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
})

test('while ImageKit fails, lookups become less and less frequent', async () => {
  const library = await startLibrary()
  library.rejection = { status: 500 }
  const tracker = await startTracker({ ...EAGER, RECONCILE_EVERY: '40ms', ...library.env })
  await uploadWith(tracker, ['aws-auto-tagging'])
  await expect.poll(() => library.lookupTimes.length).toBe(5)
  const pauses = library.lookupTimes.slice(1).map((at, index) => at - (library.lookupTimes[index] ?? 0))
  // The pause between passes doubles with each failure. A timer may be a few milliseconds early.
  for (const [index, pause] of pauses.entries()) expect(pause).toBeGreaterThanOrEqual(80 * 2 ** index - 5)
})

test('a file that the search omits is looked up on its own, and does not count as deleted', async () => {
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env })
  const tagged = await uploadWith(tracker, ['aws-auto-tagging'])
  const untouched = await uploadWith(tracker, ['aws-auto-tagging'])
  library.change(tagged.fileId, AWS_TAG)
  library.unlisted.add(tagged.fileId).add(untouched.fileId)

  await expect.poll(async () => (await reconcileNow(tracker)).runs.length).toBeGreaterThan(0)
  expect(await statusOf(tracker, untouched.fileId)).toMatchObject({ status: 'pending' })
  await expect.poll(async () => (await statusOf(tracker, tagged.fileId)).status).toBe('success')
  expect(new Set(library.details)).toEqual(new Set([tagged.fileId, untouched.fileId]))
})

test('before a run expires, its file is looked up on its own, because the search lags behind', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  const tagged = await uploadWith(tracker, ['aws-auto-tagging'])
  const untouched = await uploadWith(tracker, ['aws-auto-tagging'])
  library.stale.set(tagged.fileId, library.files.get(tagged.fileId) ?? {})
  library.change(tagged.fileId, AWS_TAG)
  advance(30 * 3_600_000)
  await reconcileNow(tracker)
  expect(library.details).toEqual(expect.arrayContaining([tagged.fileId, untouched.fileId]))
  expect(await statusOf(tracker, tagged.fileId)).toMatchObject({ status: 'success' })
  expect(await statusOf(tracker, untouched.fileId)).toMatchObject({ status: 'expired' })
})

/** Stores accepted uploads with one overdue run each, without the service. */
async function addUploads(database: TestDatabase, fileIds: readonly string[]): Promise<void> {
  const store = await openStoreOf(database)
  const at = Date.now() - 120_000
  const addUpload = async (fileId: string) => {
    const submissionId = await submit(store, ['aws-auto-tagging'], { at })
    const baseline = { ...BASELINE, versionId: fileId }
    await store.applyResponse(submissionId, accepted({}, { fileId, baseline }), at)
  }
  await Promise.all(fileIds.map(addUpload))
  await store.close()
}

test('many files are looked up in batches of at most a hundred', async () => {
  const library = await startLibrary()
  const database = await createTestDatabase()
  const fileIds = Array.from({ length: 101 }, (_, index) => `file-${index}`)
  await addUploads(database, fileIds)
  for (const fileId of fileIds) library.files.set(fileId, uploadedFile(fileId, AWS_TAG))
  const env = { ...WITHOUT_RECONCILER, RECONCILE_AFTER: '1m', ...library.env }
  const tracker = await startTracker(env, {}, database)
  expect((await postReconcile(tracker, '{"dryRun":false}')).status).toBe(200)

  expect(library.searches.map((ids) => ids.length)).toEqual([100, 1])
  expect(new Set(library.searches.flat())).toEqual(new Set(fileIds))
  expect(library.details).toEqual([])
  expect(await listRuns(tracker, '?status=success&limit=200')).toHaveLength(101)
})

test('a file whose details are invalid does not delay the others, and its run does not expire', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  const odd = await uploadWith(tracker, ['aws-auto-tagging'])
  const other = await uploadWith(tracker, ['aws-auto-tagging'])
  library.unlisted.add(odd.fileId)
  library.files.set(odd.fileId, { nothing: 'of a file' })
  library.change(other.fileId, AWS_TAG)
  advance(30 * 3_600_000)
  const { runs, stoppedBy } = await reconcileNow(tracker)
  expect(stoppedBy).toBeNull()
  expect(runs.map(({ fileId, finding }) => [fileId, finding])).toEqual([
    [odd.fileId, 'unchanged'],
    [other.fileId, 'evidence'],
  ])
})

test.each([401, 403, 410, 500, 503])(
  'a file whose details are rejected with %i does not count as deleted, and its run does not expire',
  async (status) => {
    const { clock, advance } = movingClock()
    const library = await startLibrary()
    const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
    const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
    library.unlisted.add(fileId)
    library.rejected.set(fileId, status)
    advance(30 * 3_600_000)
    expect(await reconcileNow(tracker)).toMatchObject({ stoppedBy: expect.stringContaining(`${status}`) })
    expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
  },
)

test("a 404 without ImageKit's own message does not mean that a file is deleted", async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  library.files.delete(fileId)
  library.intercepted.add(fileId)
  advance(30 * 3_600_000)
  expect(await reconcileNow(tracker)).toMatchObject({ runs: [{ fileId, finding: 'unchanged' }] })

  library.intercepted.clear()
  advance(2 * 3_600_000)
  expect(await reconcileNow(tracker)).toMatchObject({ runs: [{ fileId, finding: 'asset_gone' }] })
})

test('a pass that takes hours checks each run once; runs that become due again before its end are checked in the next pass', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  library.files.set(FILE_ID, uploadedFile(FILE_ID))
  const names = Array.from({ length: 100 }, (_, index) => `tagger-${index}`)
  for (let count = 0; count < 2; count += 1) await register(tracker, names)
  advance(1_000)
  // The first search takes two hours, and a checked run is due again after one.
  library.rejectSearch = () => {
    if (library.searches.length === 1) advance(2 * 3_600_000)
    return undefined
  }
  // A pass that checked the same runs again and again would end with a 429.
  library.allowedLookups = 6
  const { runs, stoppedBy } = await reconcileNow(tracker)
  expect(stoppedBy).toBeNull()
  expect(new Set(runs.map(({ runId }) => runId)).size).toBe(200)
  expect(runs).toHaveLength(200)
  expect((await reconcileNow(tracker)).runs).toHaveLength(100)
})
