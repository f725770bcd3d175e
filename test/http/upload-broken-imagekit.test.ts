import { expect, test } from 'vitest'
import { type Call, NOBODYS_URL, startBrokenImagekit } from '../support/broken-imagekit.ts'
import { createTestDatabase } from '../support/database.ts'
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
  const imagekit = await startBrokenImagekit(script)
  const database = await createTestDatabase()
  const watched = await openWatchedStore(database)
  const settings = { store: watched.store, drainMs: 100, ...overrides }
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, settings, database)
  return { imagekit, tracker, ...watched }
}

test('an ImageKit that refuses connections is 502, safe to try again', async () => {
  const database = await createTestDatabase()
  const { store, created } = await openWatchedStore(database)
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: NOBODYS_URL }, { store }, database)
  const answer = await upload(tracker, FORM)
  expect(answer.status).toBe(502)
  expect(await answer.json()).toEqual({
    message: expect.stringContaining('Nothing was uploaded'),
    help: expect.any(String),
  })
  expect(answer.headers.get('x-should-retry')).toBeNull()
  expect(answer.headers.get('x-submission-id')).toBeNull()
  expect(created).toEqual([])
})

test('a connection that ImageKit breaks in the middle of the file is 502, safe to try again', async () => {
  const { tracker, created } = await start(async (call) => {
    await call.readText('first half')
    call.breakOff()
  })
  const caller = openUpload(tracker)
  caller.write(FILE_START)
  const answer = await caller.answer
  expect(answer.status).toBe(502)
  expect(answer.headers['x-should-retry']).toBeUndefined()
  expect(JSON.parse(answer.body)).toMatchObject({ message: expect.stringContaining('Nothing was uploaded') })
  expect(created).toEqual([])
})

test('an answer that does not end is broken off, and what became of the upload stays open', async () => {
  const { tracker } = await start(async (call) => {
    await call.readForm()
    call.answer(200, `{"fileId":"file-1","description":"${'x'.repeat(17 * 1024 * 1024)}"}`)
  })
  const answer = await upload(tracker, FORM)
  expect(answer.status).toBe(502)
  expect(answer.headers.get('x-should-retry')).toBe('false')
  const submission = await getSubmission(tracker, answer.headers.get('x-submission-id'))
  expect(submission).toMatchObject({ state: 'unconfirmed', fileId: null })
})

test('a submission that was written before ImageKit broke the unfinished form is rejected', async () => {
  const { tracker, imagekit, created, holdCommits } = await start(async (call) => {
    await call.readText('fileName')
  })
  const { go } = holdCommits()
  const answer = upload(tracker, FORM)
  await expect.poll(() => created).toHaveLength(1)
  await expect.poll(() => imagekit.calls).toHaveLength(1)
  imagekit.calls[0]?.breakOff()
  await imagekit.calls[0]?.closed
  go()
  expect((await answer).status).toBe(502)
  expect((await answer).headers.get('x-should-retry')).toBeNull()
  const id = created[0]?.submissionId ?? ''
  expect(await getSubmission(tracker, id)).toMatchObject({
    state: 'rejected',
    error: { code: 'imagekit_unreachable' },
  })
})

test('an ImageKit that stops taking the file is 504, and nothing was uploaded', async () => {
  const { tracker, created } = await start(() => {}, { imagekitTimeoutMs: 50 })
  const caller = openUpload(tracker)
  caller.write(FILE_START)
  const chunk = Buffer.alloc(1024 * 1024)
  let status: number | undefined
  void caller.answer.then((answer) => {
    status = answer.status
  })
  const fillUntilAnswered = () => {
    caller.fill(chunk)
    return status
  }
  await expect.poll(fillUntilAnswered).toBe(504)
  expect((await caller.answer).headers['x-should-retry']).toBeUndefined()
  expect(created).toEqual([])
})

const SILENCES: [what: string, status: number, code: string, script: (call: Call) => void][] = [
  ['breaks the connection', 502, 'imagekit_unreachable', (call) => call.breakOff()],
  ['says nothing', 504, 'imagekit_timeout', () => {}],
  [
    'stops in the middle of its answer',
    504,
    'imagekit_timeout',
    (call) => call.beginAnswer(200, '{"fileId":'),
  ],
  [
    'breaks in the middle of its answer',
    502,
    'imagekit_unreachable',
    (call) => {
      call.beginAnswer(200, '{"fileId":')
      setImmediate(() => call.breakOff())
    },
  ],
]

test.for(SILENCES)(
  'an ImageKit that has the whole form and %s leaves it unconfirmed, until a webhook settles it',
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
    const answer = await upload(tracker, FORM)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(await answer.json()).toEqual({
      message: expect.stringContaining('do not send it again'),
      help: expect.any(String),
    })
    const submissionId = answer.headers.get('x-submission-id')
    expect(await getSubmission(tracker, submissionId)).toMatchObject({
      state: 'unconfirmed',
      fileId: null,
      error: { code },
      extensions: [{ status: 'pending' }],
    })

    const word = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId: 'file1' } }
    expect((await deliver(webhookUrl, word)).json).toEqual({ outcome: 'applied' })
    expect(await (await tracker.fetch('/assets/file1/status')).json()).toMatchObject({ status: 'success' })
    expect(await getSubmission(tracker, submissionId)).toMatchObject({ fileId: 'file1' })
  },
)
