import { expect, onTestFinished, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import {
  BOUNDARY,
  FILE,
  FILE_NAME,
  formText,
  openUpload,
  partText,
  sendForm,
  upload,
} from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'

const FILE_START = `--${BOUNDARY}\r\n${partText('name="file"; filename="a"', 'x')}`

async function start(env: Record<string, string>, overrides = {}) {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readForm()
    if (call.hasWholeForm) call.respond(200, uploadedFile('file1'))
  })
  const database = await createTestDatabase()
  const { store, created } = await openWatchedStore(database)
  const settings = { store, drainMs: 100, ...overrides }
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url, ...env }, settings, database)
  return { imagekit, tracker, created }
}

test('an upload whose Content-Length exceeds MAX_UPLOAD_BYTES is rejected before the rest of it is sent', async () => {
  const { tracker, imagekit, created } = await start({ MAX_UPLOAD_BYTES: '1KiB' })
  const caller = openUpload(tracker, { 'content-length': 1025 })
  caller.write(FILE_START)
  const response = await caller.response
  expect(response.status).toBe(413)
  expect(JSON.parse(response.body)).toMatchObject({ message: expect.stringContaining('1024 bytes') })
  expect(imagekit.calls.every((call) => !call.hasWholeForm)).toBe(true)
  expect(created).toEqual([])
})

test('a chunked upload is rejected as soon as it exceeds MAX_UPLOAD_BYTES, and nothing is uploaded', async () => {
  const { tracker, imagekit, created } = await start({ MAX_UPLOAD_BYTES: '1KiB' })
  const caller = openUpload(tracker)
  caller.write(FILE_START)
  await expect.poll(() => imagekit.calls[0]?.received).toContain('x')
  caller.write('x'.repeat(1024))
  expect((await caller.response).status).toBe(413)
  await imagekit.calls[0]?.closed
  expect(imagekit.calls[0]?.hasWholeForm).toBe(false)
  expect(created).toEqual([])
})

test('an upload of exactly MAX_UPLOAD_BYTES is accepted, and one more byte is rejected', async () => {
  const { tracker } = await start({ MAX_UPLOAD_BYTES: '1KiB' })
  const empty = formText([partText('name="file"', '')])
  const form = formText([partText('name="file"', 'x'.repeat(1024 - empty.length))])
  expect((await sendForm(tracker, form)).status).toBe(200)
  expect((await sendForm(tracker, `${form}x`)).status).toBe(413)
})

test('an upload beyond MAX_CONCURRENT_UPLOADS gets 503 with Retry-After until another has ended', async () => {
  const { tracker, imagekit } = await start({ MAX_CONCURRENT_UPLOADS: '2' })
  const first = openUpload(tracker)
  const second = openUpload(tracker)
  for (const caller of [first, second]) caller.write(FILE_START)
  await expect.poll(() => imagekit.calls).toHaveLength(2)
  const rejected = await upload(tracker, [FILE, FILE_NAME])
  expect(rejected.status).toBe(503)
  expect(rejected.headers.get('retry-after')).toBe('1')
  expect(await rejected.json()).toEqual({ message: expect.any(String), help: expect.any(String) })
  first.disconnect()
  await expect.poll(async () => (await upload(tracker, [FILE, FILE_NAME])).status).toBe(200)
})

test('a repeated upload with the same Idempotency-Key counts towards MAX_CONCURRENT_UPLOADS', async () => {
  const { tracker, imagekit } = await start({ MAX_CONCURRENT_UPLOADS: '1' })
  const key = { headers: { 'idempotency-key': 'key-1' } }
  expect((await upload(tracker, [FILE, FILE_NAME], key)).status).toBe(200)
  const other = openUpload(tracker)
  other.write(FILE_START)
  await expect.poll(() => imagekit.calls).toHaveLength(2)
  expect((await upload(tracker, [FILE, FILE_NAME], key)).status).toBe(503)
  other.disconnect()
  await expect.poll(async () => (await upload(tracker, [FILE, FILE_NAME], key)).status).toBe(200)
  expect(imagekit.calls).toHaveLength(2)
})

test('a caller that stalls in the middle of its form gets 408, which makes room for another upload', async () => {
  const { tracker, imagekit, created } = await start({ MAX_CONCURRENT_UPLOADS: '1' }, { bodyIdleMs: 500 })
  const caller = openUpload(tracker)
  caller.write(FILE_START)
  const response = await caller.response
  expect(response.status).toBe(408)
  expect(JSON.parse(response.body)).toEqual({
    message: expect.stringContaining('500 ms'),
    help: expect.any(String),
  })
  await imagekit.calls[0]?.closed
  expect(created).toEqual([])
  expect((await upload(tracker, [FILE, FILE_NAME])).status).toBe(200)
})

test('a caller is not disconnected while a slow ImageKit delays it', async () => {
  let startReading = () => {}
  const mayRead = new Promise<void>((resolve) => {
    startReading = resolve
  })
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await mayRead
    await call.readForm()
    call.respond(200, uploadedFile('file1'))
  })
  const settings = { bodyIdleMs: 500, drainMs: 100 }
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, settings)
  const caller = openUpload(tracker)
  caller.write(FILE_START)
  const chunk = Buffer.alloc(1024 * 1024, 'y')
  let chunksSent = 0
  let sentAt = Date.now()
  const send = () => {
    chunksSent += caller.fill(chunk, 128 - chunksSent)
    sentAt = Date.now()
  }
  caller.stream.on('drain', send)
  send()
  // The system's buffers fill up; then nothing is sent for longer than a caller may be idle.
  await expect.poll(() => Date.now() - sentAt).toBeGreaterThan(1000)
  expect(chunksSent).toBeLessThan(128)
  caller.stream.off('drain', send)
  startReading()
  caller.write(`\r\n--${BOUNDARY}--\r\n`)
  caller.end()
  expect((await caller.response).status).toBe(200)
  expect(imagekit.calls[0]?.received.match(/yy+/)?.[0]).toHaveLength(chunksSent * chunk.length)
})

test('a slow caller may take longer than the timeout for ImageKit', async () => {
  const { tracker, imagekit } = await start({}, { imagekitTimeoutMs: 50 })
  const caller = openUpload(tracker)
  const startedAt = Date.now()
  caller.write(FILE_START)
  // The HTTP client's timers are coarse, but after two seconds, a timeout of 50 ms would certainly have fired.
  await expect.poll(() => Date.now() - startedAt, { interval: 100 }).toBeGreaterThan(2000)
  caller.write(`\r\n--${BOUNDARY}--\r\n`)
  caller.end()
  expect((await caller.response).status).toBe(200)
  expect(imagekit.calls).toHaveLength(1)
})

test.each([
  ['too slowly is rejected', 'y', 408],
  ['fast enough is accepted, however long it takes', 'y'.repeat(100), 200],
])('an upload that arrives %s', async (_, piece, status) => {
  const { tracker } = await start({}, { uploadPace: { bytes: 100, ms: 1000 } })
  const caller = openUpload(tracker)
  caller.write(FILE_START)
  let pieces = 0
  const timer = setInterval(() => {
    caller.write(piece)
    pieces += 1
  }, 20)
  onTestFinished(() => clearInterval(timer))
  if (status === 200) {
    // This takes 1.5 seconds. An upload slower than `uploadPace` would be rejected after one.
    await expect.poll(() => pieces).toBeGreaterThan(75)
    clearInterval(timer)
    caller.write(`\r\n--${BOUNDARY}--\r\n`)
    caller.end()
  }
  expect((await caller.response).status).toBe(status)
})
