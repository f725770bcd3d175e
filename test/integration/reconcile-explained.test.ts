import { expect, test } from 'vitest'
import { uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import { update } from '../support/uploads.ts'
import { deliver, register, statusOf } from '../support/webhooks.ts'
import {
  AWS_TAG,
  movingClock,
  reconcileNow,
  startLibrary,
  uploadWith,
  WITHOUT_RECONCILER,
} from './reconcile-setup.ts'

const OVERDUE_AFTER_A_MINUTE = { ...WITHOUT_RECONCILER, RECONCILE_AFTER: '1m' }
const AWS_TAGGING = [{ name: 'aws-auto-tagging', minConfidence: 50, maxTags: 5 }]

async function startWithLibrary() {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...OVERDUE_AFTER_A_MINUTE, ...library.env }, { clock })
  return { library, tracker, advance }
}

test('a description set by our own update is not evidence of ai-auto-description', async () => {
  const { library, tracker, advance } = await startWithLibrary()
  const { fileId } = await uploadWith(tracker, ['ai-auto-description'])
  expect((await update(tracker, { description: 'Written by hand.' }, { fileId })).status).toBe(200)
  expect(library.files.get(fileId)).toMatchObject({ description: 'Written by hand.' })

  advance(120_000)
  const { runs } = await reconcileNow(tracker)
  expect(runs).toMatchObject([{ finding: 'unchanged', why: expect.stringContaining('may explain') }])
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })

  advance(30 * 3_600_000)
  await reconcileNow(tracker)
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'expired' })
})

test('tags that the same extension of another submission may have added are not evidence', async () => {
  const { library, tracker, advance } = await startWithLibrary()
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  expect((await update(tracker, { extensions: AWS_TAGGING }, { fileId })).status).toBe(200)
  library.change(fileId, AWS_TAG)

  advance(120_000)
  const { runs } = await reconcileNow(tracker)
  expect(runs.map(({ finding }) => finding)).toEqual(['unchanged', 'unchanged'])
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
})

test('once the run of the other submission has failed, tags that it could have added are evidence', async () => {
  const { library, tracker, advance } = await startWithLibrary()
  const { fileId, submissionId } = await uploadWith(tracker, ['aws-auto-tagging'])
  await update(tracker, { extensions: AWS_TAGGING }, { fileId })
  const failure = { service: 'aws-auto-tagging', status: 'FAILURE', fileId, error: { message: 'No.' } }
  await deliver(library.webhookUrls[0] ?? '', failure)
  library.change(fileId, AWS_TAG)

  advance(120_000)
  expect((await reconcileNow(tracker)).runs).toMatchObject([{ finding: 'evidence' }])
  const { extensions } = await statusOf(tracker, fileId)
  expect(extensions).toMatchObject([{ status: 'success', source: 'reconcile' }])
  expect(extensions[0]?.submissionId).not.toBe(submissionId)
})

test('tags that another extension added are not evidence', async () => {
  const { library, tracker, advance } = await startWithLibrary()
  const { fileId } = await uploadWith(tracker, ['google-auto-tagging'])
  library.change(fileId, AWS_TAG)
  advance(120_000)
  expect((await reconcileNow(tracker)).runs).toMatchObject([
    { finding: 'unchanged', why: 'The file shows no result of this extension.' },
  ])
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
})

test('if no known submission can have made the new version of a file, tags on that version are not evidence', async () => {
  const { library, tracker, advance } = await startWithLibrary()
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  library.change(fileId, { ...AWS_TAG, versionInfo: { id: 'v2', name: 'Version 2' } })
  advance(120_000)
  expect((await reconcileNow(tracker)).runs).toMatchObject([
    { finding: 'unchanged', why: expect.stringContaining('other_version') },
  ])
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
})

test('without a baseline no change is evidence, whatever the file contains', async () => {
  const { library, tracker, advance } = await startWithLibrary()
  const names = ['aws-auto-tagging', 'ai-auto-description', 'remove-bg']
  await register(tracker, names, 'file-of-others')
  const versionInfo = { id: 'version-2', name: 'Version 2' }
  const changed = { ...AWS_TAG, description: 'Written by somebody.', versionInfo }
  library.files.set('file-of-others', uploadedFile('file-of-others', changed))

  advance(120_000)
  const { runs } = await reconcileNow(tracker)
  const why = expect.stringContaining('There is no baseline')
  expect(runs).toMatchObject(names.map((extension) => ({ extension, finding: 'unchanged', why })))
  advance(30 * 3_600_000)
  await reconcileNow(tracker)
  expect(await statusOf(tracker, 'file-of-others')).toMatchObject({
    status: 'expired',
    extensions: names.map((name) => ({ name, status: 'expired' })),
  })
})
