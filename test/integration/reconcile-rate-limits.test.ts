import { expect, test } from 'vitest'
import { uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import { register, statusOf } from '../support/webhooks.ts'
import {
  AWS_TAG,
  EAGER,
  movingClock,
  reconcileNow,
  startLibrary,
  uploadWith,
  WITHOUT_RECONCILER,
} from './reconcile-setup.ts'

const stoppedBy = 'ImageKit limits the rate of requests.'

test('after a 429, no lookup is sent for the number of milliseconds that it demands', async () => {
  const library = await startLibrary()
  library.rejection = { status: 429, headers: { 'x-ratelimit-reset': '700' } }
  const tracker = await startTracker({ ...EAGER, ...library.env })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  await expect.poll(() => library.lookupTimes.length).toBe(1)
  library.change(fileId, AWS_TAG)
  library.rejection = undefined

  const waited = await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  expect(await waited.json()).toMatchObject({ status: 'success', extensions: [{ source: 'reconcile' }] })
  const [rejected = 0, next = 0] = library.lookupTimes
  // A timer may be a few milliseconds early.
  expect(next - rejected).toBeGreaterThanOrEqual(690)
  // If the number were taken for seconds, the pause would last minutes.
  expect(next - rejected).toBeLessThan(5_000)
})

test('after a 429 without a reset time, lookups pause for a minute; after one that demands a day, for an hour', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  await uploadWith(tracker, ['aws-auto-tagging'])
  library.rejection = { status: 429 }
  advance(1000)
  expect(await reconcileNow(tracker)).toEqual({ runs: [], holdMs: 60_000, stoppedBy })
  library.rejection = { status: 429, headers: { 'x-ratelimit-reset': '86400000' } }
  advance(20_000)
  // No lookup is sent during the pause, so ImageKit's new response does not count yet.
  for (const dryRun of [false, true]) {
    const { holdMs, ...report } = await reconcileNow(tracker, dryRun)
    expect(report).toEqual({ runs: [], stoppedBy })
    expect(holdMs).toBeGreaterThan(30_000)
    expect(holdMs).toBeLessThanOrEqual(40_000)
  }
  expect(library.lookupTimes).toHaveLength(1)

  advance(40_000)
  expect(await reconcileNow(tracker)).toEqual({ runs: [], holdMs: 3_600_000, stoppedBy })
  expect(library.lookupTimes).toHaveLength(2)
})

test('runs that were checked before a 429 are not checked again before the others, so each rate-limit window makes progress', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  const fileIds = Array.from({ length: 20 }, (_, index) => `file-${index}`)
  for (const fileId of fileIds) {
    library.files.set(fileId, uploadedFile(fileId))
    library.unlisted.add(fileId)
    await register(tracker, ['ai-tasks'], fileId)
  }
  const runCounts: number[] = []
  for (let round = 0; round < 3; round++) {
    advance(60_000)
    library.allowedLookups = library.lookupTimes.length + 8
    const { runs } = await reconcileNow(tracker)
    runCounts.push(runs.length)
  }
  // One request of each window is the search.
  expect(runCounts).toEqual([7, 7, 6])
  expect(new Set(library.details)).toEqual(new Set(fileIds))
})

test('concurrent passes do not overlap: a file is looked up once', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  library.change(fileId, AWS_TAG)
  advance(1000)
  const reports = await Promise.all([1, 2, 3, 4].map(() => reconcileNow(tracker)))
  expect(reports.flatMap(({ runs }) => runs)).toMatchObject([{ fileId, finding: 'evidence' }])
  expect(library.searches).toEqual([[fileId]])
  expect((await statusOf(tracker, fileId)).status).toBe('success')
})
