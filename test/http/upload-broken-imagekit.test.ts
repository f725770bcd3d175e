import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { type Call, startMisbehavingImagekit, UNREACHABLE_URL } from '../support/misbehaving-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import {
  BOUNDARY,
  EXTENSIONS,
  FILE,
  FILE_NAME,
  getSubmission,
  openUpload,
  partText,
  upload,
} from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'
import { deliver } from '../support/webhooks.ts'

const FORM = [FILE, FILE_NAME, ['extensions', EXTENSIONS] satisfies [string, string]]
const FILE_START = `--${BOUNDARY}\r\n${partText('name="file"; filename="a"', 'first half')}`

async function start(script: (call: Call) => unknown, overrides = {}) {
  const imagekit = await startMisbehavingImagekit(script)
  const database = await createTestDatabase()
  const watched = await openWatchedStore(database)
  const settings = { store: watched.store, drainMs: 100, ...overrides }
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, settings, database)
  return { imagekit, tracker, ...watched }
}

test('if ImageKit is unreachable, the upload gets 502 and is safe to retry', async () => {
  const database = await createTestDatabase()
  const { store, created } = await openWatchedStore(database)
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: UNREACHABLE_URL }, { store }, database)
  const response = await upload(tracker, FORM)
  expect(response.status).toBe(502)
  expect(await response.json()).toEqual({
    message: expect.stringContaining('Nothing was uploaded'),
    help: expect.any(String),
  })
  expect(response.headers.get('x-should-retry')).toBeNull()
  expect(response.headers.get('x-submission-id')).toBeNull()
  expect(created).toEqual([])
})

test('if ImageKit breaks the connection in the middle of the file, the upload gets 502 and is safe to retry', async () => {
  const { tracker, created } = await start(async (call) => {
    await call.readText('first half')
    call.breakOff()
  })
  const caller = openUpload(tracker)
  caller.write(FILE_START)
  const response = await caller.response
  expect(response.status).toBe(502)
  expect(response.headers['x-should-retry']).toBeUndefined()
  expect(JSON.parse(response.body)).toMatchObject({
    message: expect.stringContaining('Nothing was uploaded'),
  })
  expect(created).toEqual([])
})

test('if ImageKit’s response is too large, the upload gets 502, and the submission is unconfirmed', async () => {
  const { tracker } = await start(async (call) => {
    await call.readForm()
    call.respond(200, `{"fileId":"file-1","description":"${'x'.repeat(17 * 1024 * 1024)}"}`)
  })
  const response = await upload(tracker, FORM)
  expect(response.status).toBe(502)
  expect(response.headers.get('x-should-retry')).toBe('false')
  const submission = await getSubmission(tracker, response.headers.get('x-submission-id'))
  expect(submission).toMatchObject({ state: 'unconfirmed', fileId: null })
})

test('if ImageKit breaks the connection before the form is complete, a submission that is already stored becomes rejected', async () => {
  const { tracker, imagekit, created, pauseAfterCommit } = await start(async (call) => {
    await call.readText('fileName')
  })
  const { resume } = pauseAfterCommit()
  const response = upload(tracker, FORM)
  await expect.poll(() => created).toHaveLength(1)
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  imagekit.calls[0]?.breakOff()
  await imagekit.calls[0]?.closed
  resume()
  expect((await response).status).toBe(502)
  expect((await response).headers.get('x-should-retry')).toBeNull()
  const id = created[0]?.submissionId ?? ''
  expect(await getSubmission(tracker, id)).toMatchObject({
    state: 'rejected',
    error: { code: 'imagekit_unreachable' },
  })
})

test('if ImageKit does not read the file, the upload gets 504 and is safe to retry', async () => {
  const { tracker, created } = await start(() => {}, { imagekitTimeoutMs: 50 })
  const caller = openUpload(tracker)
  caller.write(FILE_START)
  const chunk = Buffer.alloc(1024 * 1024)
  let status: number | undefined
  void caller.response.then((response) => {
    status = response.status
  })
  const fillUntilResponse = () => {
    caller.fill(chunk)
    return status
  }
  await expect.poll(fillUntilResponse).toBe(504)
  expect((await caller.response).headers['x-should-retry']).toBeUndefined()
  expect(created).toEqual([])
})

const MISSING_RESPONSES: [title: string, status: number, code: string, script: (call: Call) => void][] = [
  ['breaks the connection', 502, 'imagekit_unreachable', (call) => call.breakOff()],
  ['sends nothing', 504, 'imagekit_timeout', () => {}],
  [
    'stops in the middle of its response',
    504,
    'imagekit_timeout',
    (call) => call.beginResponse(200, '{"fileId":'),
  ],
  [
    'breaks the connection in the middle of its response',
    502,
    'imagekit_unreachable',
    (call) => {
      call.beginResponse(200, '{"fileId":')
      setImmediate(() => call.breakOff())
    },
  ],
]

test.for(MISSING_RESPONSES)(
  'if ImageKit has the whole form and %s, the submission is unconfirmed, and a webhook still settles its run',
  async ([, status, code, script]) => {
    let webhookUrl = ''
    const { tracker } = await start(
      async (call) => {
        await call.readForm()
        webhookUrl = call.field('webhookUrl') ?? ''
        script(call)
      },
      code === 'imagekit_timeout' ? { imagekitTimeoutMs: 50 } : {},
    )
    const response = await upload(tracker, FORM)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await response.json()).toEqual({
      message: expect.stringContaining('check before you send it again'),
      help: expect.any(String),
    })
    const submissionId = response.headers.get('x-submission-id')
    expect(await getSubmission(tracker, submissionId)).toMatchObject({
      state: 'unconfirmed',
      fileId: null,
      error: { code },
      extensions: [{ status: 'pending' }],
    })

    const webhook = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId: 'file1' } }
    expect((await deliver(webhookUrl, webhook)).json).toEqual({ outcome: 'applied' })
    expect(await (await tracker.fetch('/assets/file1/status')).json()).toMatchObject({ status: 'success' })
    expect(await getSubmission(tracker, submissionId)).toMatchObject({ fileId: 'file1' })
  },
)
