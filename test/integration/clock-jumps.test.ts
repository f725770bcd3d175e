import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startReceiver } from '../support/receiver.ts'
import { accountEvent, deliverEvent, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { startTracker } from '../support/tracker.ts'
import { FILE, FILE_NAME, upload } from '../support/uploads.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'
import {
  AWS_TAG,
  movingClock,
  reconcileNow,
  startLibrary,
  uploadWith,
  WITHOUT_RECONCILER,
} from './reconcile-setup.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Runs are overdue after 10 minutes, which is the default. After the pass at the start of the service, only the test reconciles. */
const OVERDUE_AFTER_10_MINUTES = { ...WITHOUT_RECONCILER, RECONCILE_AFTER: '10m' }

/**
 * Registers the same submissions and sends the same webhooks at each call, and calls `jump` between any two of these steps. Returns the
 * responses to the webhooks, the asset's status and the stored outcomes. `current`: the name and source of each current run, and which
 * submission it belongs to: 0 is `older`, 1 `newer`, 2 `newest`.
 */
async function deliverAll(clock: () => number, jump: () => void) {
  const tracker = await startTracker({}, { clock })
  const responses: unknown[] = []
  const send = async (url: string, service: string, result: 'success' | 'failure') => {
    jump()
    responses.push((await deliver(url, payload(service, result))).json)
  }
  const older = await register(tracker, ['remove-bg', 'ai-tasks'])
  jump()
  const newer = await register(tracker, ['remove-bg', 'ai-auto-description'])
  await send(older.webhookUrl, 'remove-bg', 'success')
  await send(newer.webhookUrl, 'remove-bg', 'failure')
  await send(newer.webhookUrl, 'remove-bg', 'success')
  await send(newer.webhookUrl, 'remove-bg', 'failure')
  await send(older.webhookUrl, 'ai-tasks', 'success')
  await send(older.webhookUrl, 'ai-tasks', 'success')
  jump()
  const newest = await register(tracker, ['ai-auto-description'])
  await send(newer.webhookUrl, 'ai-auto-description', 'failure')
  const { status, extensionStatus, extensions } = await statusOf(tracker)
  const order = [older, newer, newest].map(({ submissionId }) => submissionId)
  const current = extensions.map((run) => [run.name, run.source, order.indexOf(run.submissionId)])
  const stored = await readRows(tracker.database, 'SELECT outcome FROM deliveries ORDER BY n')
  return { responses, status, extensionStatus, current, stored }
}

test.for([
  ['back and forward', [-DAY, 2 * DAY, -DAY]],
  ['further back each time', [-DAY]],
  ['further ahead each time', [DAY]],
] as const)(
  'a clock that jumps by a day or two between any two steps changes no status: %s',
  async ([, jumps]) => {
    const { clock, advance } = movingClock()
    let count = 0
    const jumping = await deliverAll(clock, () => advance(jumps[count++ % jumps.length] ?? 0))
    const steady = await deliverAll(Date.now, () => {})
    expect(jumping).toEqual(steady)
    expect(steady).toMatchObject({
      status: 'pending',
      extensionStatus: { 'remove-bg': 'failed', 'ai-tasks': 'success', 'ai-auto-description': 'pending' },
      current: expect.arrayContaining([
        ['remove-bg', 'webhook', 1],
        ['ai-auto-description', 'request', 2],
      ]),
    })
  },
)

test('a clock that is set back and later corrected makes no run expire before EXPIRE_AFTER has passed', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...OVERDUE_AFTER_10_MINUTES, ...library.env }, { clock })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  // EXPIRE_AFTER is 25 hours by default. After the third jump the clock is right again; after the fourth, 24 hours have passed.
  for (const ms of [-DAY, -30 * DAY, 31 * DAY, 24 * HOUR]) {
    advance(ms)
    await reconcileNow(tracker)
    expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
  }
  advance(HOUR)
  await reconcileNow(tracker)
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'expired' })
})

test('a run requested or checked while the clock was a day ahead is checked once the clock is right', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...OVERDUE_AFTER_10_MINUTES, ...library.env }, { clock })
  const checked = await uploadWith(tracker, ['aws-auto-tagging'])
  advance(DAY)
  expect((await reconcileNow(tracker)).runs).toMatchObject([{ fileId: checked.fileId, finding: 'unchanged' }])
  const requested = await uploadWith(tracker, ['aws-auto-tagging'])
  advance(-DAY)
  for (const { fileId } of [checked, requested]) library.change(fileId, AWS_TAG)
  await reconcileNow(tracker)
  for (const { fileId } of [checked, requested])
    expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'success' })
})

test('a small correction of the clock does not make a run overdue', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker(
    { ...OVERDUE_AFTER_10_MINUTES, RECONCILE_EVERY: '1m', ...library.env },
    { clock },
  )
  await uploadWith(tracker, ['aws-auto-tagging'])
  // A correction of up to a minute counts as small. `RECONCILE_EVERY` is short, because a due time that is up to `RECONCILE_EVERY`
  // ahead never indicates a wrong clock.
  advance(-50_000)
  expect((await reconcileNow(tracker)).runs).toEqual([])
})

test('a notification that failed while the clock was a day ahead is retried soon after the clock is right', async () => {
  const { clock, advance } = movingClock()
  let isDown = true
  const receiver = await startReceiver((_, response) => response.writeHead(isDown ? 503 : 200).end())
  const library = await startLibrary()
  const env = { ...OVERDUE_AFTER_10_MINUTES, ...library.env, ALLOW_PRIVATE_TARGETS: 'true' }
  const tracker = await startTracker(env, { clock })
  /** `again`: the latest attempt failed, and will be repeated. */
  const listRetries = () => readRows(tracker.database, "SELECT 1 FROM notifications WHERE result = 'again'")
  const { fileId } = await uploadWith(tracker, ['ai-tasks'], { webhookUrl: receiver.url })
  advance(DAY)
  const result = { service: 'ai-tasks', status: 'SUCCESS', fileObject: { fileId } }
  await deliver(library.webhookUrls[0] ?? '', result)
  await expect.poll(listRetries).toHaveLength(1)
  isDown = false
  advance(-DAY)
  await expect.poll(() => receiver.requests.length).toBe(2)
})

test('a clock jump neither frees an Idempotency-Key whose request is in progress nor loses its response', async () => {
  const { clock, advance } = movingClock()
  let respond = () => {}
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readForm()
    respond = () => call.respond(200, uploadedFile('file1'))
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, { clock })
  const send = () => upload(tracker, [FILE, FILE_NAME], { headers: { 'idempotency-key': 'key-1' } })
  const first = send()
  await expect.poll(() => imagekit.calls[0]?.hasWholeForm).toBe(true)
  advance(2 * DAY)
  expect((await send()).status).toBe(409)
  respond()
  expect((await first).status).toBe(200)
  advance(-2 * DAY)
  expect(await (await send()).json()).toMatchObject({ fileId: 'file1' })
  expect(imagekit.calls).toHaveLength(1)
})

test('a signed event that is rejected while the clock is a day ahead or behind is accepted once the clock is right', async () => {
  const { clock, advance } = movingClock()
  const tracker = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }, { clock })
  const body = accountEvent('file-updated')
  for (const ms of [DAY, -2 * DAY]) {
    advance(ms)
    expect((await deliverEvent(tracker, body)).status).toBe(401)
  }
  advance(DAY)
  expect((await deliverEvent(tracker, body)).status).toBe(200)
  expect((await deliverEvent(tracker, body)).json).toEqual({ outcome: 'duplicate' })
})

test('each change has its own ETag and wakes waiting requests, even if the clock stands still', async () => {
  const now = Date.now()
  const tracker = await startTracker({}, { clock: () => now })
  const { webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks'])
  const path = `/assets/${FILE_ID}/status`
  const etags: (string | null)[] = []
  const readEtag = async () => etags.push((await tracker.fetch(path)).headers.get('etag'))
  await readEtag()
  for (const [service, result] of [
    ['remove-bg', 'failure'],
    ['ai-tasks', 'success'],
  ] as const) {
    const headers = { 'if-none-match': etags.at(-1) ?? '' }
    expect((await tracker.fetch(path, { headers })).status).toBe(304)
    const waiting = tracker.fetch(`${path}?wait=20`, { headers })
    await deliver(webhookUrl, payload(service, result))
    expect((await waiting).status).toBe(200)
    await readEtag()
  }
  expect(new Set(etags).size).toBe(3)
})
