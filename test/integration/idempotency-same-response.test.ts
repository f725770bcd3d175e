import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { type Call, startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { ADMIN_KEY, startTracker } from '../support/tracker.ts'
import {
  type Entry,
  EXTENSIONS,
  FILE,
  FILE_NAME,
  formText,
  partText,
  sendForm,
  update,
  upload,
} from '../support/uploads.ts'
import { FILE_ID } from '../support/webhooks.ts'

const FORM: Entry[] = [FILE, FILE_NAME, ['extensions', EXTENSIONS]]
const HOUR = 3_600_000
const KEY = { headers: { 'idempotency-key': 'key-1' } }

async function start(script?: (call: Call) => void, overrides = {}, moreEnv = {}) {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    const isUpdate = call.path.endsWith('details')
    await (isUpdate ? call.readJson() : call.readForm())
    const fileId = isUpdate ? FILE_ID : `file${imagekit.calls.length}`
    if (script) script(call)
    else call.respond(200, uploadedFile(fileId), { 'x-ik-requestId': 'request-1' })
  })
  const env = { IMAGEKIT_UPLOAD_URL: imagekit.url, IMAGEKIT_API_URL: imagekit.url, ...moreEnv }
  const tracker = await startTracker(env, { drainMs: 100, ...overrides })
  return { imagekit, tracker }
}

/** Reads a response without its date and its request id, which a repeated response does not share. */
async function readResponse(response: Response) {
  const { 'x-request-id': _, date: __, ...headers } = Object.fromEntries(response.headers)
  return { status: response.status, headers, body: await response.text() }
}

test('the same Idempotency-Key and form get the same response again, with a single request to ImageKit', async () => {
  const { tracker, imagekit } = await start()
  const first = await readResponse(await upload(tracker, FORM, KEY))
  expect(first.headers).toMatchObject({ 'x-submission-id': expect.any(String), link: expect.any(String) })
  // Each `FormData` is sent with its own boundary, so the bytes of the two bodies differ.
  expect(await readResponse(await upload(tracker, FORM, KEY))).toEqual(first)
  const restarted = await tracker.restart()
  const { link: before, ...headers } = first.headers
  const { headers: after, ...response } = await readResponse(await upload(restarted, FORM, KEY))
  expect(response).toEqual({ status: first.status, body: first.body })
  // The link has the current PUBLIC_URL; its token is not stored.
  expect(after).toMatchObject({ ...headers, link: before?.replaceAll(tracker.url, restarted.url) })
  const stored = await readRows(tracker.database, 'SELECT response FROM idempotency_keys')
  expect(JSON.stringify(stored)).toMatch(/request-1/)
  expect(JSON.stringify(stored)).not.toMatch(/token=|link/)
  expect(imagekit.calls).toHaveLength(1)
})

test('without an Idempotency-Key each request is a separate upload', async () => {
  const { tracker, imagekit } = await start()
  for (const _ of [1, 2]) expect((await upload(tracker, FORM)).status).toBe(200)
  expect(imagekit.calls).toHaveLength(2)
})

const DIFFERENT_FORMS: [difference: string, form: Entry[]][] = [
  ['content', [['file', 'hellO', 'shirt.jpg'], FILE_NAME, ['extensions', EXTENSIONS]]],
  ['file name', [['file', 'hello', 'shirt2.jpg'], FILE_NAME, ['extensions', EXTENSIONS]]],
  ['field name', [['file', 'hello', 'shirt.jpg'], FILE_NAME, ['extension', EXTENSIONS]]],
  ['order', [FILE_NAME, FILE, ['extensions', EXTENSIONS]]],
  ['number of parts', [...FORM, ['tags', '']]],
  ['webhookUrl', [...FORM, ['webhookUrl', 'https://caller.example.com/']]],
]

test.for(DIFFERENT_FORMS)('the same key with another %s gets 422', async ([, form]) => {
  const { tracker, imagekit } = await start()
  await upload(tracker, FORM, KEY)
  const response = await upload(tracker, form, KEY)
  expect(response.status).toBe(422)
  expect(await response.json()).toEqual({
    message: expect.stringContaining('Idempotency-Key'),
    help: expect.any(String),
  })
  expect(imagekit.calls).toHaveLength(1)
})

test('the same key gets 422 if bytes have moved from one part to another', async () => {
  const { tracker } = await start()
  const headers = { 'idempotency-key': 'key-1' }
  await sendForm(tracker, formText([partText('name="a"', 'bc'), partText('name="file"', 'd')]), headers)
  const moved = formText([partText('name="a"', 'b'), partText('name="file"', 'cd')])
  expect((await sendForm(tracker, moved, headers)).status).toBe(422)
})

test('a second request while the first is in progress gets 409, and later the response of the first', async () => {
  const { tracker, imagekit } = await start(() => {})
  const first = upload(tracker, FORM, KEY)
  await expect.poll(() => imagekit.calls[0]?.hasWholeForm).toBe(true)
  const second = await upload(tracker, FORM, KEY)
  expect([second.status, second.headers.get('retry-after')]).toEqual([409, '1'])
  expect(await second.json()).toEqual({ message: expect.any(String), help: expect.any(String) })
  imagekit.calls[0]?.respond(200, uploadedFile('file1'))
  const response = await readResponse(await first)
  expect(await readResponse(await upload(tracker, FORM, KEY))).toEqual(response)
  expect(imagekit.calls).toHaveLength(1)
})

test('a repeat of an upload in progress gets 409 even if MAX_CONCURRENT_UPLOADS is reached', async () => {
  const { tracker, imagekit } = await start(() => {}, {}, { MAX_CONCURRENT_UPLOADS: '1' })
  const first = upload(tracker, FORM, KEY)
  await expect.poll(() => imagekit.calls[0]?.hasWholeForm).toBe(true)
  expect((await upload(tracker, FORM, KEY)).status).toBe(409)
  expect((await upload(tracker, FORM, { headers: { 'idempotency-key': 'key-2' } })).status).toBe(503)
  imagekit.calls[0]?.respond(200, uploadedFile('file1'))
  expect((await first).status).toBe(200)
})

test.for<[string, (call: Call) => void, number]>([
  ['a rejection by ImageKit', (call) => call.respond(400, '{"message":"Upload Limit Exceeded."}'), 400],
  ['a 500 from ImageKit', (call) => call.respond(500, '{"message":"oops"}'), 500],
  ['a connection broken by ImageKit', (call) => call.breakOff(), 502],
  ['a timeout of ImageKit', () => {}, 504],
])(
  'the response to an upload that ended with %s after the form was complete is returned again for the same key',
  async ([, script, status]) => {
    const { tracker, imagekit } = await start(script, status === 504 ? { imagekitTimeoutMs: 50 } : {})
    const first = await readResponse(await upload(tracker, FORM, KEY))
    expect(first.status).toBe(status)
    expect(await readResponse(await upload(tracker, FORM, KEY))).toEqual(first)
    expect(imagekit.calls).toHaveLength(1)
  },
)

test('requests with another access key, another path or another Idempotency-Key are separate', async () => {
  const { tracker, imagekit } = await start()
  await upload(tracker, FORM, KEY)
  const headers = { ...KEY.headers, authorization: `Bearer ${ADMIN_KEY}` }
  await upload(tracker, FORM, { headers })
  await upload(tracker, FORM, { ...KEY, path: '/api/v2/files/upload' })
  await upload(tracker, FORM, { headers: { 'idempotency-key': 'key-2' } })
  await update(tracker, {}, KEY)
  await update(tracker, {}, { ...KEY, fileId: 'other' })
  expect(imagekit.calls).toHaveLength(6)
})

test('an Idempotency-Key expires after 24 hours', async () => {
  let passedMs = 0
  const startedAt = Date.now()
  const clocks = { clock: () => startedAt + passedMs, uptimeMs: () => passedMs }
  const { tracker, imagekit } = await start(undefined, clocks)
  await upload(tracker, FORM, KEY)
  passedMs += 24 * HOUR - 1
  await upload(tracker, FORM, KEY)
  expect(imagekit.calls).toHaveLength(1)
  passedMs += 1
  await upload(tracker, FORM, KEY)
  expect(imagekit.calls).toHaveLength(2)
})

const OLD_API_KEY = 'old-api-key-0123456789'
const NEW_API_KEY = 'new-api-key-0123456789'

const withApiKey = (apiKey: string) => ({ headers: { ...KEY.headers, authorization: `Bearer ${apiKey}` } })

test('an unnamed API key that replaces an older one does not get the responses stored for the older one', async () => {
  const { tracker, imagekit } = await start(undefined, {}, { TRACKER_API_KEY: OLD_API_KEY })
  const first = await upload(tracker, FORM, withApiKey(OLD_API_KEY))
  const rotated = await tracker.restart({ TRACKER_API_KEY: NEW_API_KEY })
  const second = await upload(rotated, FORM, withApiKey(NEW_API_KEY))
  expect(second.headers.get('x-submission-id')).not.toBe(first.headers.get('x-submission-id'))
  expect(imagekit.calls).toHaveLength(2)
})

test('an unnamed API key still gets its stored response after another key was inserted before it', async () => {
  const { tracker, imagekit } = await start(undefined, {}, { TRACKER_API_KEY: OLD_API_KEY })
  const first = await upload(tracker, FORM, withApiKey(OLD_API_KEY))
  const extended = await tracker.restart({ TRACKER_API_KEY: `${NEW_API_KEY},${OLD_API_KEY}` })
  const second = await upload(extended, FORM, withApiKey(OLD_API_KEY))
  expect(second.headers.get('x-submission-id')).toBe(first.headers.get('x-submission-id'))
  expect(imagekit.calls).toHaveLength(1)
})

test('an update with the same key is sent once; another body gets 422', async () => {
  const { tracker, imagekit } = await start()
  const first = await readResponse(await update(tracker, { tags: ['a'] }, KEY))
  expect(await readResponse(await update(tracker, { tags: ['a'] }, KEY))).toEqual(first)
  expect((await update(tracker, { tags: ['b'] }, KEY)).status).toBe(422)
  expect(imagekit.calls).toHaveLength(1)
})
