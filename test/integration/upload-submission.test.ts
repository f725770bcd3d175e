import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { type Call, startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { EXTENSIONS, FILE, FILE_NAME, getSubmission, upload } from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'
import { deliver } from '../support/webhooks.ts'

const CALLER_URL = 'https://caller.example.com/hook?secret=1'

/** Returns a handler for `startMisbehavingImagekit` that reads the whole form, and responds with 200 and this body. */
function acceptWith(body: object) {
  return async (call: Call) => {
    await call.readForm()
    call.respond(200, body)
  }
}

test('the form ends with the webhookUrl of the tracker; the caller’s is stored, and not sent to ImageKit', async () => {
  const imagekit = await startMisbehavingImagekit(acceptWith(uploadedFile('file1')))
  const database = await createTestDatabase()
  const { store, created } = await openWatchedStore(database)
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, { store }, database)
  await upload(tracker, [['webhookUrl', CALLER_URL], FILE, ['extensions', EXTENSIONS], FILE_NAME])
  const [call] = imagekit.calls
  expect(call?.received).not.toContain('caller.example.com')
  expect(call?.received.match(/name="webhookUrl"/g)).toHaveLength(1)
  expect(call?.received.lastIndexOf('name="')).toBe(call?.received.indexOf('name="webhookUrl"'))
  expect(call?.field('webhookUrl')).toMatch(
    new RegExp(`^${tracker.url}/webhooks/extension/sub_1_[\\w-]{11}\\.[\\w-]{43}$`),
  )
  expect(created).toMatchObject([
    { callerWebhookUrl: CALLER_URL, extensions: [{ name: 'remove-bg' }], keyName: 'app' },
  ])
})

test.for([
  ['no extensions', []],
  ['an empty array of extensions', [['extensions', '[]']]],
] as const)('with %s no webhookUrl is sent to ImageKit, not even the caller’s', async ([, more]) => {
  const imagekit = await startMisbehavingImagekit(acceptWith(uploadedFile('file1')))
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url })
  const response = await upload(tracker, [
    FILE,
    FILE_NAME,
    ['webhookUrl', CALLER_URL],
    ...more.map((entry) => [...entry] as [string, string]),
  ])
  expect(response.status).toBe(200)
  expect(imagekit.calls[0]?.received).not.toMatch(/webhookUrl|caller\.example/)
})

test('an upload without extensions is a submission without runs, and its asset has the status none', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const response = await upload(tracker, [FILE, FILE_NAME])
  const { fileId } = (await response.json()) as { fileId: string }
  expect(await getSubmission(tracker, response.headers.get('x-submission-id'))).toMatchObject({
    kind: 'upload',
    state: 'accepted',
    fileId,
    extensions: [],
  })
  const status = await tracker.fetch(`/assets/${fileId}/status`)
  expect(await status.json()).toMatchObject({ status: 'none', extensionStatus: {}, extensions: [] })
})

test('a webhook posted the moment ImageKit has the whole form is applied', async () => {
  const outcomes: unknown[] = []
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readForm()
    const delivery = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId: 'file1' } }
    outcomes.push(await deliver(call.field('webhookUrl') ?? '', delivery))
    call.respond(200, uploadedFile('file1', { extensionStatus: { 'remove-bg': 'pending' } }))
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url })
  await upload(tracker, [FILE, FILE_NAME, ['extensions', EXTENSIONS]])
  expect(outcomes).toMatchObject([{ status: 200, json: { outcome: 'applied' } }])
  const status = await tracker.fetch('/assets/file1/status')
  expect(await status.json()).toMatchObject({ status: 'success', extensions: [{ source: 'webhook' }] })
})

test('ImageKit gets the end of the form only after the submission is committed', async () => {
  const imagekit = await startMisbehavingImagekit(acceptWith(uploadedFile('file1')))
  const database = await createTestDatabase()
  const watched = await openWatchedStore(database)
  const { resume } = watched.pauseAfterCommit()
  const tracker = await startTracker(
    { IMAGEKIT_UPLOAD_URL: imagekit.url },
    { store: watched.store },
    database,
  )
  const response = upload(tracker, [FILE, FILE_NAME])
  await expect.poll(() => watched.created).toHaveLength(1)
  await expect.poll(() => imagekit.calls[0]?.received).toContain('shirt.jpg\r\n')
  expect(imagekit.calls[0]?.hasWholeForm).toBe(false)
  resume()
  expect((await response).status).toBe(200)
})

test('the status of each extension in the response is applied', async () => {
  const extensionStatus = { a: 'pending', b: 'success', c: 'failed', unrequested: 'success' }
  const imagekit = await startMisbehavingImagekit(acceptWith(uploadedFile('file1', { extensionStatus })))
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url })
  const names = ['a', 'b', 'c', 'absent', 'a']
  const extensions = JSON.stringify(names.map((name) => ({ name })))
  await upload(tracker, [FILE, FILE_NAME, ['extensions', extensions]])
  const status = await tracker.fetch('/assets/file1/status')
  expect(await status.json()).toMatchObject({
    status: 'pending',
    extensionStatus: { a: 'pending', b: 'success', c: 'failed', absent: 'pending', unrequested: 'success' },
  })
})

test('the file in ImageKit’s response is stored as the baseline when the submission is accepted', async () => {
  const AITags = [{ name: 'Shirt', confidence: 90, source: 'google-auto-tagging' }]
  const imagekit = await startMisbehavingImagekit(
    acceptWith(uploadedFile('file1', { AITags, tags: ['a'], description: 'd' })),
  )
  const database = await createTestDatabase()
  const { store } = await openWatchedStore(database)
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, { store }, database)
  const response = await upload(tracker, [FILE, FILE_NAME, ['extensions', EXTENSIONS]])
  const stored = await store.findSubmission(response.headers.get('x-submission-id') ?? '')
  expect(stored?.submission).toMatchObject({ state: 'accepted', fileId: 'file1', fileName: 'shirt_Ab12.jpg' })
  expect(stored?.submission.baseline).toEqual({
    versionId: 'file1',
    versionName: 'Version 1',
    aiTags: { 'google-auto-tagging': ['Shirt'] },
    description: 'd',
    tags: ['a'],
    customMetadata: null,
    updatedAt: null,
    url: 'https://ik.imagekit.io/demo/shirt_Ab12.jpg',
  })
})
