import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { type Call, startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { rawRequest } from '../support/raw-request.ts'
import { API_KEY, IMAGEKIT_KEY, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { FILE, FILE_NAME, getSubmission, update, upload } from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'
import { FILE_ID } from '../support/webhooks.ts'

const CALLER_URL = 'https://caller.example.com/hook'
const EXTENSIONS = [{ name: 'remove-bg', options: { bg_color: 'green' } }]

async function start() {
  const bodies: unknown[] = []
  const imagekit = await startMisbehavingImagekit(async (call: Call) => {
    bodies.push(await call.readJson())
    call.respond(200, uploadedFile(FILE_ID, { extensionStatus: { 'remove-bg': 'pending' } }))
  })
  const database = await createTestDatabase()
  const { store, created } = await openWatchedStore(database)
  const tracker = await startTracker({ IMAGEKIT_API_URL: imagekit.url }, { store }, database)
  return { tracker, imagekit, bodies, created }
}

test('an update forwards its body, with the tracker’s webhookUrl in place of the caller’s', async () => {
  const { tracker, imagekit, bodies, created } = await start()
  const body = {
    removeAITags: ['car'],
    tags: ['a', 'Ü'],
    customCoordinates: null,
    customMetadata: { brand: 'Nike', gone: null },
    description: '',
    unknown: { of: [1.5] },
    extensions: EXTENSIONS,
  }
  const response = await update(tracker, { ...body, webhookUrl: CALLER_URL })
  expect(response.status).toBe(200)
  expect(bodies).toEqual([
    { ...body, webhookUrl: expect.stringContaining(`${tracker.url}/webhooks/extension/`) },
  ])
  expect(created).toMatchObject([
    { kind: 'update', fileId: FILE_ID, extensions: EXTENSIONS, callerWebhookUrl: CALLER_URL },
  ])
  const [call] = imagekit.calls
  expect(call?.headers.authorization).toBe(`Basic ${Buffer.from(`${IMAGEKIT_KEY}:`).toString('base64')}`)
  expect(call?.headers['content-type']).toBe('application/json')
  expect(call?.headers['transfer-encoding']).toBeUndefined()
  expect(call?.path).toBe(`/v1/files/${FILE_ID}/details`)
})

test('an update without extensions is forwarded without a webhookUrl', async () => {
  const { tracker, bodies } = await start()
  await update(tracker, { tags: ['a'], webhookUrl: CALLER_URL })
  await update(tracker, { tags: ['a'], extensions: [] })
  expect(bodies).toEqual([{ tags: ['a'] }, { tags: ['a'], extensions: [] }])
})

test('an update of an uploaded file runs the extensions, and their webhooks settle the runs', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const { fileId } = (await (await upload(tracker, [FILE, FILE_NAME])).json()) as { fileId: string }
  const response = await update(
    tracker,
    { tags: ['sandbox:delay=10'], extensions: [{ name: 'remove-bg' }] },
    { fileId },
  )
  expect(await response.json()).toMatchObject({ fileId, extensionStatus: { 'remove-bg': 'pending' } })
  expect(response.headers.get('link')).toContain(`/assets/${fileId}/status?token=`)
  expect(await getSubmission(tracker, response.headers.get('x-submission-id'))).toMatchObject({
    kind: 'update',
    state: 'accepted',
    fileId,
  })
  const status = await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  expect(await status.json()).toMatchObject({ extensionStatus: { 'remove-bg': 'success' } })
})

test('an update with publish is forwarded unchanged', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const { fileId } = (await (await upload(tracker, [FILE, FILE_NAME])).json()) as { fileId: string }
  const body = { publish: { isPublished: false, includeFileVersions: true } }
  expect((await update(tracker, body, { fileId })).status).toBe(200)
  expect(sandbox.updates()).toMatchObject([{ fileId, body }])
})

test("an update of an unknown file gets ImageKit's 404, its submission is rejected, and the asset stays unknown", async () => {
  const { tracker } = await startTrackerAndSandbox()
  const response = await update(tracker, { extensions: EXTENSIONS })
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ message: 'The requested file does not exist.' })
  expect(response.headers.get('x-should-retry')).toBeNull()
  const submission = await getSubmission(tracker, response.headers.get('x-submission-id'))
  expect(submission).toMatchObject({ state: 'rejected', error: { status: 404 } })
  expect((await tracker.fetch(`/assets/${FILE_ID}/status`)).status).toBe(404)
})

test.for([
  ['something that is not JSON', 'nothing', 400],
  ['an empty body', '', 400],
  ['an array', '[]', 400],
  ['extensions as a string', { extensions: '[{"name":"remove-bg"}]' }, 400],
  ['extensions without a name', { extensions: [{}] }, 400],
  ['extensions that are null', { extensions: null }, 400],
  ['a webhookUrl that is not a URL', { webhookUrl: 'nowhere' }, 400],
  ['a webhookUrl that is not a string', { webhookUrl: 1 }, 400],
  ['a body over 1 MiB', { description: 'x'.repeat(1024 * 1024) }, 413],
] as const)(
  '%s is rejected with an error in ImageKit’s shape, and ImageKit is not called',
  async ([, body, status]) => {
    const { tracker, imagekit, created } = await start()
    const response = await update(tracker, body)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ message: expect.any(String), help: expect.any(String) })
    expect(imagekit.calls).toEqual([])
    expect(created).toEqual([])
  },
)

test.for(['a?b#c', 'ü ☃', '%2F', 'a%', '...', '..%2f..'])(
  'the fileId "%s" reaches ImageKit unchanged',
  async (fileId) => {
    const { tracker, imagekit, created } = await start()
    await update(tracker, { tags: null }, { fileId })
    expect(imagekit.calls[0]?.path).toBe(`/v1/files/${encodeURIComponent(fileId)}/details`)
    expect(created).toMatchObject([{ fileId }])
  },
)

test.for(['%2e%2e', '.%2E', '%2e', '..', '%00', 'a%2Fb', 'a%5Cb', 'a%1Bb', 'status', 'retry'])(
  'a fileId that would change the path, or is invalid or reserved, does not reach ImageKit: %s',
  async (fileId) => {
    const { tracker, imagekit } = await start()
    const headers = { authorization: `Bearer ${API_KEY}` }
    const response = await rawRequest(tracker.url, {
      method: 'PATCH',
      path: `/v1/files/${fileId}/details`,
      headers,
      body: '{}',
    })
    expect([400, 404]).toContain(response.status)
    expect(imagekit.calls).toEqual([])
  },
)
