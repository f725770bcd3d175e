import { Writable } from 'node:stream'
import { pino } from 'pino'
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

/** Starts a tracker with a run for each odd file id, followed by a run of an uploaded file, `fileId`, with evidence. */
async function startWithOddIds(oddIds: readonly string[]) {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  // The runs of the odd ids are the oldest, so each pass starts with them.
  for (const fileId of oddIds) await register(tracker, ['aws-auto-tagging'], fileId)
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  library.change(fileId, AWS_TAG)
  return { advance, library, tracker, fileId }
}

test('files with long ids are all looked up, even if the server rejects paths of more than 8000 characters', async () => {
  // Percent-encoded, an id has 1144 characters, and all eight together more than 8000.
  const longIds = Array.from({ length: 8 }, (_, index) => '€'.repeat(127) + index)
  const { advance, library, tracker, fileId } = await startWithOddIds(longIds)
  library.rejectSearch = ({ path }) => (path.length > 8000 ? 414 : undefined)
  advance(1000)
  const { runs, stoppedBy } = await reconcileNow(tracker)
  expect(stoppedBy).toBeNull()
  // ImageKit has no files with the long ids.
  expect(runs.map(({ finding }) => finding)).toEqual([...longIds.map(() => 'asset_gone'), 'evidence'])
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'success' })
})

test.each([400, 406, 414, 431])(
  'an id for which searches are rejected with %i, and the details call with 400, does not delay the others, and its run expires',
  async (status) => {
    const odd = 'odd?id'
    const { advance, library, tracker, fileId } = await startWithOddIds([odd])
    for (const other of ['file-a', 'file-b', 'file-c', 'file-d']) {
      library.files.set(other, uploadedFile(other))
      await register(tracker, ['ai-tasks'], other)
    }
    library.rejectSearch = ({ ids }) => (ids.includes(odd) ? status : undefined)
    library.rejected.set(odd, 400)
    advance(1000)
    const first = await reconcileNow(tracker)
    expect(first.stoppedBy).toBeNull()
    const runsOf = (id: string) => first.runs.filter((run) => run.fileId === id)
    expect(runsOf(odd)).toMatchObject([
      { finding: 'unchanged', why: 'ImageKit rejects lookups of this file.' },
    ])
    expect(runsOf(fileId)).toMatchObject([{ finding: 'evidence' }])
    expect(first.runs).toHaveLength(6)
    // The other files were found by searches; none of them needed a details call.
    expect(library.details).toEqual([odd])

    advance(30 * 3_600_000)
    const { runs } = await reconcileNow(tracker)
    expect(runs.find((run) => run.fileId === odd)).toMatchObject({ finding: 'timed_out' })
    expect(await statusOf(tracker, odd)).toMatchObject({ status: 'expired' })
  },
)

test.each([401, 403])(
  'a private key rejected with %i is logged as an error, and no run changes',
  async (status) => {
    const lines: string[] = []
    const memory = new Writable({
      write(chunk, _, done) {
        lines.push(String(chunk))
        done()
      },
    })
    const library = await startLibrary()
    library.rejection = { status }
    const tracker = await startTracker(
      { ...EAGER, EXPIRE_AFTER: '25h', ...library.env },
      { logger: pino({ level: 'error' }, memory) },
    )
    const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
    await expect.poll(() => lines.join('')).toContain('rejects IMAGEKIT_PRIVATE_KEY')
    expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
  },
)

test('a dry run checks and reports the first thousand runs, and says that more are due', async () => {
  const { advance, library, tracker } = await startWithOddIds([])
  const names = Array.from({ length: 100 }, (_, index) => `tagger-${index}`)
  for (let index = 0; index < 10; index += 1) {
    library.files.set(`file-x${index}`, uploadedFile(`file-x${index}`))
    await register(tracker, names, `file-x${index}`)
  }
  advance(1000)
  const { runs, stoppedBy } = await reconcileNow(tracker, true)
  expect(runs).toHaveLength(1000)
  expect(new Set(runs.map(({ runId }) => runId)).size).toBe(1000)
  expect(stoppedBy).toBe('A dry run reports the first 1000 runs, and more are due.')
  // Each search was for the files of a hundred runs.
  expect(library.searches).toHaveLength(10)
})
