import { expect, test } from 'vitest'
import { uploadedFile } from '../support/broken-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import { register, statusOf } from '../support/webhooks.ts'
import {
  AWS_TAG,
  BY_HAND,
  EAGER,
  movingClock,
  reconcileNow,
  startLibrary,
  uploadWith,
} from './reconcile-setup.ts'

const stoppedBy = 'ImageKit asks to be left alone for a while.'

test('429 is obeyed: for as many milliseconds as it says nothing is asked', async () => {
  const library = await startLibrary()
  library.refusal = { status: 429, headers: { 'x-ratelimit-reset': '700' } }
  const tracker = await startTracker({ ...EAGER, ...library.env })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  await expect.poll(() => library.askedAt.length).toBe(1)
  library.change(fileId, AWS_TAG)
  library.refusal = undefined

  const waited = await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  expect(await waited.json()).toMatchObject({ status: 'success', extensions: [{ source: 'reconcile' }] })
  const [refused = 0, next = 0] = library.askedAt
  expect(next - refused).toBeGreaterThanOrEqual(690)
  // Taken for seconds, it would have been minutes.
  expect(next - refused).toBeLessThan(5_000)
})

test('429 without a time holds for a minute, and one of a day for an hour; nobody asks meanwhile', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...BY_HAND, ...library.env }, { clock })
  await uploadWith(tracker, ['aws-auto-tagging'])
  library.refusal = { status: 429 }
  advance(1000)
  expect(await reconcileNow(tracker)).toEqual({ runs: [], holdMs: 60_000, stoppedBy })
  library.refusal = { status: 429, headers: { 'x-ratelimit-reset': '86400000' } }
  advance(20_000)
  for (const dryRun of [false, true]) {
    const { holdMs, ...told } = await reconcileNow(tracker, dryRun)
    expect(told).toEqual({ runs: [], stoppedBy })
    expect(holdMs).toBeGreaterThan(30_000)
    expect(holdMs).toBeLessThanOrEqual(40_000)
  }
  expect(library.askedAt).toHaveLength(1)

  advance(40_000)
  expect(await reconcileNow(tracker)).toEqual({ runs: [], holdMs: 3_600_000, stoppedBy })
  expect(library.askedAt).toHaveLength(2)
})

test('what was looked at before a 429 counts, so that each window brings the pass forward', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...BY_HAND, ...library.env }, { clock })
  const fileIds = Array.from({ length: 20 }, (_, index) => `file-${index}`)
  for (const fileId of fileIds) {
    library.files.set(fileId, uploadedFile(fileId))
    library.unlisted.add(fileId)
    await register(tracker, ['ai-tasks'], fileId)
  }
  const windows: number[] = []
  for (let round = 0; round < 3; round++) {
    advance(60_000)
    library.allowed = library.askedAt.length + 8
    const { runs } = await reconcileNow(tracker)
    windows.push(runs.length)
  }
  // One question of each window is the search.
  expect(windows).toEqual([7, 7, 6])
  expect(new Set(library.details)).toEqual(new Set(fileIds))
})

test('two passes do not run side by side: what one is looking at is not asked for again', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...BY_HAND, ...library.env }, { clock })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  library.change(fileId, AWS_TAG)
  advance(1000)
  const reports = await Promise.all([1, 2, 3, 4].map(() => reconcileNow(tracker)))
  expect(reports.flatMap(({ runs }) => runs)).toMatchObject([{ fileId, finding: 'evidence' }])
  expect(library.searches).toEqual([[fileId]])
  expect((await statusOf(tracker, fileId)).status).toBe('success')
})
