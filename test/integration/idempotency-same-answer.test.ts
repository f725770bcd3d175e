import { expect, test } from 'vitest'
import { type Call, startBrokenImagekit, uploadedFile } from '../support/broken-imagekit.ts'
import { readRows } from '../support/database.ts'
import { ADMIN_KEY, startTracker } from '../support/tracker.ts'
import { FILE_ID, update } from '../support/updates.ts'
import {
  type Entry,
  EXTENSIONS,
  FILE,
  FILE_NAME,
  formText,
  partText,
  sendForm,
  upload,
} from '../support/uploads.ts'

const FORM: Entry[] = [FILE, FILE_NAME, ['extensions', EXTENSIONS]]
const HOUR = 3_600_000
const KEY = { headers: { 'idempotency-key': 'key-1' } }

async function start(script?: (call: Call) => void, overrides = {}, settings = {}) {
  const imagekit = await startBrokenImagekit(async (call) => {
    const isUpdate = call.path.endsWith('details')
    await (isUpdate ? call.readJson() : call.readForm())
    const fileId = isUpdate ? FILE_ID : `file${imagekit.calls.length}`
    if (script) script(call)
    else call.answer(200, uploadedFile(fileId), { 'x-ik-requestId': 'request-1' })
  })
  const env = { IMAGEKIT_UPLOAD_URL: imagekit.url, IMAGEKIT_API_URL: imagekit.url, ...settings }
  const tracker = await startTracker(env, { drainMs: 100, ...overrides })
  return { imagekit, tracker }
}

/** All of an answer that a caller can tell from another. */
async function whole(answer: Response) {
  const { 'x-request-id': _, date: __, ...headers } = Object.fromEntries(answer.headers)
  return { status: answer.status, headers, body: await answer.text() }
}

test('the same key and form get the same answer again, and ImageKit is asked once', async () => {
  const { tracker, imagekit } = await start()
  const first = await whole(await upload(tracker, FORM, KEY))
  expect(first.headers).toMatchObject({ 'x-submission-id': expect.any(String), link: expect.any(String) })
  // Each `FormData` is sent with a boundary of its own.
  expect(await whole(await upload(tracker, FORM, KEY))).toEqual(first)
  const again = await tracker.restart()
  const { link: before, ...headers } = first.headers
  const { headers: after, ...answer } = await whole(await upload(again, FORM, KEY))
  expect(answer).toEqual({ status: first.status, body: first.body })
  // The address is the one that is in force now; the token in it was not kept.
  expect(after).toMatchObject({ ...headers, link: before?.replaceAll(tracker.url, again.url) })
  const kept = await readRows(tracker.database, 'SELECT answer FROM idempotency_keys')
  expect(JSON.stringify(kept)).toMatch(/request-1/)
  expect(JSON.stringify(kept)).not.toMatch(/token=|link/)
  expect(imagekit.calls).toHaveLength(1)
})

test('without a key each request is an upload of its own', async () => {
  const { tracker, imagekit } = await start()
  for (const _ of [1, 2]) expect((await upload(tracker, FORM)).status).toBe(200)
  expect(imagekit.calls).toHaveLength(2)
})

const OTHERS: [what: string, form: Entry[]][] = [
  ['content', [['file', 'hellO', 'shirt.jpg'], FILE_NAME, ['extensions', EXTENSIONS]]],
  ['file name', [['file', 'hello', 'shirt2.jpg'], FILE_NAME, ['extensions', EXTENSIONS]]],
  ['field name', [['file', 'hello', 'shirt.jpg'], FILE_NAME, ['extension', EXTENSIONS]]],
  ['order', [FILE_NAME, FILE, ['extensions', EXTENSIONS]]],
  ['number of parts', [...FORM, ['tags', '']]],
  ['webhookUrl', [...FORM, ['webhookUrl', 'https://caller.example.com/']]],
]

test.for(OTHERS)('the same key with another %s is 422', async ([, form]) => {
  const { tracker, imagekit } = await start()
  await upload(tracker, FORM, KEY)
  const answer = await upload(tracker, form, KEY)
  expect(answer.status).toBe(422)
  expect(await answer.json()).toEqual({
    message: expect.stringContaining('Idempotency-Key'),
    help: expect.any(String),
  })
  expect(imagekit.calls).toHaveLength(1)
})

test('parts cannot be moved into one another without being told', async () => {
  const { tracker } = await start()
  const headers = { 'idempotency-key': 'key-1' }
  await sendForm(tracker, formText([partText('name="a"', 'bc'), partText('name="file"', 'd')]), headers)
  const moved = formText([partText('name="a"', 'b'), partText('name="file"', 'cd')])
  expect((await sendForm(tracker, moved, headers)).status).toBe(422)
})

test('a second request while the first is under way is 409, then gets its answer', async () => {
  const { tracker, imagekit } = await start(() => {})
  const first = upload(tracker, FORM, KEY)
  await expect.poll(() => imagekit.calls[0]?.hasWholeForm).toBe(true)
  const second = await upload(tracker, FORM, KEY)
  expect([second.status, second.headers.get('retry-after')]).toEqual([409, '1'])
  expect(await second.json()).toEqual({ message: expect.any(String), help: expect.any(String) })
  imagekit.calls[0]?.answer(200, uploadedFile('file1'))
  const answer = await whole(await first)
  expect(await whole(await upload(tracker, FORM, KEY))).toEqual(answer)
  expect(imagekit.calls).toHaveLength(1)
})

test('a repeated request is told what became of the first even while no upload may begin', async () => {
  const { tracker, imagekit } = await start(() => {}, {}, { MAX_CONCURRENT_UPLOADS: '1' })
  const first = upload(tracker, FORM, KEY)
  await expect.poll(() => imagekit.calls[0]?.hasWholeForm).toBe(true)
  expect((await upload(tracker, FORM, KEY)).status).toBe(409)
  expect((await upload(tracker, FORM, { headers: { 'idempotency-key': 'key-2' } })).status).toBe(503)
  imagekit.calls[0]?.answer(200, uploadedFile('file1'))
  expect((await first).status).toBe(200)
})

test.for<[string, (call: Call) => void, number]>([
  ['a refusal', (call) => call.answer(400, '{"message":"Upload Limit Exceeded."}'), 400],
  ['a 500', (call) => call.answer(500, '{"message":"oops"}'), 500],
  ['a broken connection', (call) => call.breakOff(), 502],
  ['silence', () => {}, 504],
])('%s after the form was complete is the answer that is given again', async ([, script, status]) => {
  const { tracker, imagekit } = await start(script, status === 504 ? { imagekitTimeoutMs: 50 } : {})
  const first = await whole(await upload(tracker, FORM, KEY))
  expect(first.status).toBe(status)
  expect(await whole(await upload(tracker, FORM, KEY))).toEqual(first)
  expect(imagekit.calls).toHaveLength(1)
})

test('another key name, another path and another key are requests of their own', async () => {
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

test('after 24 hours a key is forgotten', async () => {
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

const OLD_KEY = 'old-api-key-0123456789'
const NEW_KEY = 'new-api-key-0123456789'

const withKey = (key: string) => ({ headers: { ...KEY.headers, authorization: `Bearer ${key}` } })

test('a key without a name that replaces another does not get the responses of the old one', async () => {
  const { tracker, imagekit } = await start(undefined, {}, { TRACKER_API_KEY: OLD_KEY })
  const first = await upload(tracker, FORM, withKey(OLD_KEY))
  const rotated = await tracker.restart({ TRACKER_API_KEY: NEW_KEY })
  const second = await upload(rotated, FORM, withKey(NEW_KEY))
  expect(second.headers.get('x-submission-id')).not.toBe(first.headers.get('x-submission-id'))
  expect(imagekit.calls).toHaveLength(2)
})

test('a key without a name that is inserted in front does not upload the same request again', async () => {
  const { tracker, imagekit } = await start(undefined, {}, { TRACKER_API_KEY: OLD_KEY })
  const first = await upload(tracker, FORM, withKey(OLD_KEY))
  const extended = await tracker.restart({ TRACKER_API_KEY: `${NEW_KEY},${OLD_KEY}` })
  const again = await upload(extended, FORM, withKey(OLD_KEY))
  expect(again.headers.get('x-submission-id')).toBe(first.headers.get('x-submission-id'))
  expect(imagekit.calls).toHaveLength(1)
})

test('an update with the same key is made once; another body is 422', async () => {
  const { tracker, imagekit } = await start()
  const first = await whole(await update(tracker, { tags: ['a'] }, KEY))
  expect(await whole(await update(tracker, { tags: ['a'] }, KEY))).toEqual(first)
  expect((await update(tracker, { tags: ['b'] }, KEY)).status).toBe(422)
  expect(imagekit.calls).toHaveLength(1)
})
