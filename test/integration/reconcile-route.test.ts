import { expect, test } from 'vitest'
import { uploadedFile } from '../support/misbehaving-imagekit.ts'
import { API_KEY, startTracker } from '../support/tracker.ts'
import { register, statusOf } from '../support/webhooks.ts'
import {
  AWS_TAG,
  movingClock,
  postReconcile,
  reconcileNow,
  rowsOf,
  startLibrary,
  uploadWith,
  WITHOUT_RECONCILER,
} from './reconcile-setup.ts'

/** The status columns of all runs. Without `overdue` and `due_at`: the sweep sets them, even before a dry run. */
const STORED = 'SELECT n, name, status, source, updated_at, settled_by, evidence FROM runs ORDER BY n'

test('a dry run reports what a pass would do and why, and changes no status', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker(
    { ...WITHOUT_RECONCILER, RECONCILE_AFTER: '1m', ...library.env },
    { clock },
  )
  const tagged = await uploadWith(tracker, ['aws-auto-tagging'])
  const deleted = await uploadWith(tracker, ['remove-bg'])
  const untouched = await uploadWith(tracker, ['ai-tasks'])
  library.change(tagged.fileId, AWS_TAG)
  library.files.delete(deleted.fileId)
  advance(120_000)
  const before = await rowsOf(tracker, STORED)

  const dryRun = await reconcileNow(tracker, true)
  expect(dryRun).toEqual({
    runs: [
      {
        runId: expect.any(String),
        fileId: tagged.fileId,
        extension: 'aws-auto-tagging',
        finding: 'evidence',
        why: '{"kind":"new_ai_tags","source":"aws-auto-tagging","before":[],"now":["Shirt"]}',
      },
      {
        runId: expect.any(String),
        fileId: deleted.fileId,
        extension: 'remove-bg',
        finding: 'asset_gone',
        why: 'ImageKit has no such file.',
      },
      {
        runId: expect.any(String),
        fileId: untouched.fileId,
        extension: 'ai-tasks',
        finding: 'unchanged',
        why: 'This extension leaves no evidence.',
      },
    ],
    holdMs: null,
    stoppedBy: null,
  })
  expect(await rowsOf(tracker, STORED)).toEqual(before)
  expect((await statusOf(tracker, tagged.fileId)).status).toBe('pending')

  // The next pass does exactly what the dry run reported.
  expect(await reconcileNow(tracker)).toEqual(dryRun)
  expect((await statusOf(tracker, tagged.fileId)).status).toBe('success')
  expect((await statusOf(tracker, deleted.fileId)).status).toBe('expired')
  expect((await statusOf(tracker, untouched.fileId)).status).toBe('pending')
  expect((await reconcileNow(tracker)).runs).toEqual([])
})

test('runs that are not overdue are not checked', async () => {
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, RECONCILE_AFTER: '10m', ...library.env })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  library.change(fileId, AWS_TAG)
  expect(await reconcileNow(tracker)).toEqual({ runs: [], holdMs: null, stoppedBy: null })
  expect(library.lookupTimes).toEqual([])
})

test('POST /reconcile requires the admin key, and GET is not allowed', async () => {
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env })
  const responses = [
    await postReconcile(tracker, '{"dryRun":true}', API_KEY),
    await postReconcile(tracker, '{"dryRun":true}', 'a-key-that-nobody-has'),
    await fetch(`${tracker.url}/reconcile`, { method: 'POST', body: '{"dryRun":true}' }),
    await tracker.fetch('/reconcile'),
  ]
  expect(responses.map(({ status }) => status)).toEqual([403, 401, 401, 405])
})

test.each(['{}', '{"dryRun":"yes"}', '{"dryRun":null}', '[]', 'null', 'dryRun', ''])(
  'a body without a valid dryRun is rejected: %s',
  async (body) => {
    const library = await startLibrary()
    const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env })
    const response = await postReconcile(tracker, body)
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(library.lookupTimes).toEqual([])
  },
)

test('a pass checks each run once, even if it takes so long that runs become due again', async () => {
  const library = await startLibrary()
  const moving = movingClock()
  // Each search takes an hour.
  const clock = () => moving.clock() + library.searches.length * 3_600_000
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  const fileIds = Array.from({ length: 150 }, (_, index) => `file-${index}`)
  for (const fileId of fileIds) library.files.set(fileId, uploadedFile(fileId))
  await Promise.all(fileIds.map((fileId) => register(tracker, ['ai-tasks'], fileId)))
  moving.advance(1000)
  const { runs } = await reconcileNow(tracker)
  expect(runs.map(({ fileId }) => fileId ?? '').toSorted()).toEqual(fileIds.toSorted())
})
