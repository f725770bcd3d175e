import { expect, test } from 'vitest'
import { startBrokenImagekit, uploadedFile } from '../support/broken-imagekit.ts'
import { readRows } from '../support/database.ts'
import { startReceiver } from '../support/receiver.ts'
import { accountEvent, deliverEvent, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { startTracker } from '../support/tracker.ts'
import { FILE, FILE_NAME, upload } from '../support/uploads.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'
import { AWS_TAG, BY_HAND, movingClock, reconcileNow, startLibrary, uploadWith } from './reconcile-setup.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Runs are overdue as by default, but nobody looks unless told to. */
const OVERDUE_LATER = { ...BY_HAND, RECONCILE_AFTER: '10m' }

/** The same facts in the same order, with what each was answered; `jump` is called between any two. */
async function tellAll(clock: () => number, jump: () => void) {
  const tracker = await startTracker({}, { clock })
  const answers: unknown[] = []
  const tell = async (url: string, service: string, word: 'success' | 'failure') => {
    jump()
    answers.push((await deliver(url, payload(service, word))).json)
  }
  const older = await register(tracker, ['remove-bg', 'ai-tasks'])
  jump()
  const newer = await register(tracker, ['remove-bg', 'ai-auto-description'])
  await tell(older.webhookUrl, 'remove-bg', 'success')
  await tell(newer.webhookUrl, 'remove-bg', 'failure')
  await tell(newer.webhookUrl, 'remove-bg', 'success')
  await tell(newer.webhookUrl, 'remove-bg', 'failure')
  await tell(older.webhookUrl, 'ai-tasks', 'success')
  await tell(older.webhookUrl, 'ai-tasks', 'success')
  jump()
  const newest = await register(tracker, ['ai-auto-description'])
  await tell(newer.webhookUrl, 'ai-auto-description', 'failure')
  const { status, extensionStatus, extensions } = await statusOf(tracker)
  const order = [older, newer, newest].map(({ submissionId }) => submissionId)
  const current = extensions.map((run) => [run.name, run.source, order.indexOf(run.submissionId)])
  const kept = await readRows(tracker.database, 'SELECT outcome FROM deliveries ORDER BY n')
  return { answers, status, extensionStatus, current, kept }
}

test.for([
  ['back and forward', [-DAY, 2 * DAY, -DAY]],
  ['ever further back', [-DAY]],
  ['ever further forward', [DAY]],
] as const)('a clock that jumps %s a day between any two facts changes nothing', async ([, jumps]) => {
  const { clock, advance } = movingClock()
  let count = 0
  const jumping = await tellAll(clock, () => advance(jumps[count++ % jumps.length] ?? 0))
  const steady = await tellAll(Date.now, () => {})
  expect(jumping).toEqual(steady)
  expect(steady).toMatchObject({
    status: 'pending',
    extensionStatus: { 'remove-bg': 'failed', 'ai-tasks': 'success', 'ai-auto-description': 'pending' },
    current: expect.arrayContaining([
      ['remove-bg', 'webhook', 1],
      ['ai-auto-description', 'request', 2],
    ]),
  })
})

test('nothing expires early because the clock was set back, nor before its window is over', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...OVERDUE_LATER, ...library.env }, { clock })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  for (const ms of [-DAY, -30 * DAY, 31 * DAY, 24 * HOUR]) {
    advance(ms)
    await reconcileNow(tracker)
    expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
  }
  advance(HOUR)
  await reconcileNow(tracker)
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'expired' })
})

test('what was requested, or looked at, while the clock was a day ahead is looked at once it is right again', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...OVERDUE_LATER, ...library.env }, { clock })
  const looked = await uploadWith(tracker, ['aws-auto-tagging'])
  advance(DAY)
  expect((await reconcileNow(tracker)).runs).toMatchObject([{ fileId: looked.fileId, finding: 'unchanged' }])
  const requested = await uploadWith(tracker, ['aws-auto-tagging'])
  advance(-DAY)
  for (const { fileId } of [looked, requested]) library.change(fileId, AWS_TAG)
  await reconcileNow(tracker)
  for (const { fileId } of [looked, requested])
    expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'success' })
})

test('what is not overdue yet is not looked at because the clock was set right by a little', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...OVERDUE_LATER, RECONCILE_EVERY: '1m', ...library.env }, { clock })
  await uploadWith(tracker, ['aws-auto-tagging'])
  advance(-50_000)
  expect((await reconcileNow(tracker)).runs).toEqual([])
})

test('a caller is told again soon, though its first notification failed while the clock was a day ahead', async () => {
  const { clock, advance } = movingClock()
  let isDown = true
  const receiver = await startReceiver((_, response) => response.writeHead(isDown ? 503 : 200).end())
  const library = await startLibrary()
  const env = { ...OVERDUE_LATER, ...library.env, ALLOW_PRIVATE_TARGETS: 'true' }
  const tracker = await startTracker(env, { clock })
  const again = () => readRows(tracker.database, "SELECT 1 FROM notifications WHERE result = 'again'")
  const { fileId } = await uploadWith(tracker, ['ai-tasks'], { webhookUrl: receiver.url })
  advance(DAY)
  const word = { service: 'ai-tasks', status: 'SUCCESS', fileObject: { fileId } }
  await deliver(library.webhookUrls[0] ?? '', word)
  await expect.poll(again).toHaveLength(1)
  isDown = false
  advance(-DAY)
  await expect.poll(() => receiver.requests.length).toBe(2)
})

test('a key that is under way is not free a day later by a clock that jumps, nor is its answer lost when it jumps back', async () => {
  const { clock, advance } = movingClock()
  let answer = () => {}
  const imagekit = await startBrokenImagekit(async (call) => {
    await call.readForm()
    answer = () => call.answer(200, uploadedFile('file1'))
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, { clock })
  const send = () => upload(tracker, [FILE, FILE_NAME], { headers: { 'idempotency-key': 'key-1' } })
  const first = send()
  await expect.poll(() => imagekit.calls[0]?.hasWholeForm).toBe(true)
  advance(2 * DAY)
  expect((await send()).status).toBe(409)
  answer()
  expect((await first).status).toBe(200)
  advance(-2 * DAY)
  expect(await (await send()).json()).toMatchObject({ fileId: 'file1' })
  expect(imagekit.calls).toHaveLength(1)
})

test('a signed event that was refused as stale by a wrong clock is taken when it comes again under the right one', async () => {
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

test('each change has an ETag of its own and wakes who waits, though the clock stands still', async () => {
  const now = Date.now()
  const tracker = await startTracker({}, { clock: () => now })
  const { webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks'])
  const path = `/assets/${FILE_ID}/status`
  const seen: (string | null)[] = []
  const look = async () => seen.push((await tracker.fetch(path)).headers.get('etag'))
  await look()
  for (const [service, word] of [
    ['remove-bg', 'failure'],
    ['ai-tasks', 'success'],
  ] as const) {
    const headers = { 'if-none-match': seen.at(-1) ?? '' }
    expect((await tracker.fetch(path, { headers })).status).toBe(304)
    const waiting = tracker.fetch(`${path}?wait=20`, { headers })
    await deliver(webhookUrl, payload(service, word))
    expect((await waiting).status).toBe(200)
    await look()
  }
  expect(new Set(seen).size).toBe(3)
})
