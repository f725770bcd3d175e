import { pino } from 'pino'
import { expect, test } from 'vitest'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { ask, checksOf, listRuns } from '../support/operator.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { EXTENSIONS, FILE, FILE_NAME, update, upload } from '../support/uploads.ts'
import { deliver, FILE_ID, payload } from '../support/webhooks.ts'
import { movingClock, WITHOUT_RECONCILER } from './reconcile-setup.ts'

const REJECTED = { message: 'Your account cannot be authenticated.', help: 'For support …' }

/** Starts a tracker whose ImageKit responds with the status and the headers in `next`: at first 403. */
async function startRejected() {
  const next = { status: 403, headers: {} as { [name: string]: string } }
  const imagekit = await startMisbehavingImagekit(async (call) => {
    if (call.path.endsWith('/upload')) await call.readForm()
    const body = next.status === 200 ? uploadedFile(FILE_ID, { extensionStatus: {} }) : REJECTED
    call.respond(next.status, body, next.headers)
  })
  const lines: { [field: string]: unknown }[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const { clock, advance } = movingClock()
  const env = { ...WITHOUT_RECONCILER, IMAGEKIT_UPLOAD_URL: imagekit.url, IMAGEKIT_API_URL: imagekit.url }
  const tracker = await startTracker(env, { logger, clock })
  const warnings = () => lines.filter(({ event }) => event === 'imagekit.key_rejected')
  return { tracker, imagekit, next, advance, warnings }
}

const uploadFile = (tracker: RunningTracker) => upload(tracker, [FILE, FILE_NAME])

/** What `/readyz` reports about ImageKit. Expects that the service is ready, because it can still receive webhooks. */
async function readiness(tracker: RunningTracker): Promise<unknown> {
  const response = await fetch(`${tracker.url}/readyz`)
  expect(response.status).toBe(200)
  return ((await response.json()) as { imagekit: unknown }).imagekit
}

test.each([401, 403])(
  'ImageKit’s %i to an upload is logged, and reported by /readyz and doctor until an upload is accepted',
  async (status) => {
    const { tracker, next, warnings } = await startRejected()
    expect(await readiness(tracker)).toBe('ok')
    expect(await checksOf(tracker, 'private key')).toEqual([])
    next.status = status
    expect((await uploadFile(tracker)).status).toBe(status)
    expect(warnings()).toMatchObject([
      { level: 40, call: 'upload', status, msg: expect.stringContaining('IMAGEKIT_PRIVATE_KEY') },
    ])
    expect(await readiness(tracker)).toBe(`rejected the private key (${status} to the last upload)`)
    expect(await checksOf(tracker, 'private key')).toEqual([
      {
        name: 'private key',
        level: 'fail',
        message: `ImageKit responded with ${status} to an earlier upload, and has accepted none since`,
        remedy: expect.stringContaining('IMAGEKIT_PRIVATE_KEY'),
      },
    ])
    next.status = 200
    expect((await uploadFile(tracker)).status).toBe(200)
    expect(await readiness(tracker)).toBe('ok')
    expect(await checksOf(tracker, 'private key')).toEqual([])
  },
)

test('ImageKit’s 403 to an update is logged and reported by /readyz, and an accepted upload ends the report', async () => {
  const { tracker, next, warnings } = await startRejected()
  expect((await update(tracker, { tags: ['a'] })).status).toBe(403)
  expect(warnings()).toMatchObject([{ call: 'update', status: 403 }])
  expect(await readiness(tracker)).toBe('rejected the private key (403 to the last update)')
  next.status = 200
  await uploadFile(tracker)
  expect(await readiness(tracker)).toBe('ok')
})

test('a rejected key is logged at most once a minute', async () => {
  const { tracker, advance, warnings } = await startRejected()
  for (let count = 0; count < 3; count += 1) await uploadFile(tracker)
  expect(warnings()).toHaveLength(1)
  advance(59_000)
  await uploadFile(tracker)
  expect(warnings()).toHaveLength(1)
  advance(1_000)
  await uploadFile(tracker)
  expect(warnings()).toHaveLength(2)
})

// The time in `x-ratelimit-reset` is in milliseconds, and a minute if ImageKit sends none; `Retry-After` is in whole seconds.
test.each([
  [{ 'x-ratelimit-reset': '1500' }, '2'],
  [{}, '60'],
])(
  'ImageKit’s 429 to a retry, with the headers %j, becomes 503 with Retry-After %s, and the run can be retried later',
  async (headers, seconds) => {
    const { tracker, imagekit, next } = await startRejected()
    next.status = 200
    await upload(tracker, [FILE, FILE_NAME, ['extensions', EXTENSIONS]])
    const webhookUrl = imagekit.calls[0]?.field('webhookUrl') ?? ''
    await deliver(webhookUrl, { ...payload('remove-bg', 'failure'), fileId: FILE_ID })
    const [failed] = await listRuns(tracker, '?status=failed')
    Object.assign(next, { status: 429, headers })
    const retry = () => ask<{ code: string }>(tracker, `/runs/${failed?.runId}/retry`, { method: 'POST' })
    const limited = await retry()
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([503, seconds])
    expect(limited.json).toMatchObject({ code: 'imagekit_rate_limited', status: 503 })
    Object.assign(next, { status: 200, headers: {} })
    expect((await retry()).status).toBe(201)
  },
)
