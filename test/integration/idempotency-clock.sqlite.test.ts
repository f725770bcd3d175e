import { expect, test } from 'vitest'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import { type Entry, EXTENSIONS, FILE, FILE_NAME, upload } from '../support/uploads.ts'

const FORM: Entry[] = [FILE, FILE_NAME, ['extensions', EXTENSIONS]]
const HOUR = 3_600_000
const KEY = { headers: { 'idempotency-key': 'key-1' } }

// Only for SQLite: with PostgreSQL, the keys expire by the clock of the database server.
test('after the clock jumps 26 hours ahead, the same request is not uploaded again, even across a restart', async () => {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readForm()
    call.respond(200, uploadedFile('file-1'))
  })
  let now = Date.now()
  const env = { IMAGEKIT_UPLOAD_URL: imagekit.url, IMAGEKIT_API_URL: imagekit.url }
  const tracker = await startTracker(env, { clock: () => now })
  await upload(tracker, FORM, KEY)
  // A key expires after 24 hours, but a jump of the clock does not count as time that has passed.
  now += 26 * HOUR
  expect((await upload(tracker, FORM, KEY)).status).toBe(200)
  now += 26 * HOUR
  const restarted = await tracker.restart()
  expect((await upload(restarted, FORM, KEY)).status).toBe(200)
  // By the tracker's clock, which has jumped, the run is overdue, so ImageKit also gets lookups of the file.
  expect(imagekit.calls.filter(({ path }) => path.endsWith('upload'))).toHaveLength(1)
})
