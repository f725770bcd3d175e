import { expect, test } from 'vitest'
import { breakWrites } from '../support/database.ts'
import { startReceiver } from '../support/receiver.ts'
import { accountEvent, deliverEvent, ikHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'
import {
  AWS_TAG,
  movingClock,
  reconcileNow,
  rowsOf,
  startLibrary,
  uploadWith,
  WITHOUT_RECONCILER,
  webhookUrlOf,
} from './reconcile-setup.ts'

// Known ways in which other systems of this kind have lost or invented a status. Each title begins with one of them.

const SIGNED = { IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }
const SUCCESS = payload('remove-bg', 'success')
const FAILURE = payload('remove-bg', 'failure')
const HOUR = 3_600_000

test.each(['runs', 'deliveries', 'delivery_bodies'])(
  'marked as seen before the write: after a failed write to %s, the repeat of a webhook is applied',
  async (table) => {
    const tracker = await startTracker()
    const { webhookUrl } = await register(tracker, ['remove-bg'])
    const { repair } = await breakWrites(tracker.database, table)
    for (let count = 0; count < 2; count += 1) expect((await deliver(webhookUrl, SUCCESS)).status).toBe(503)
    expect((await statusOf(tracker)).status).toBe('pending')
    await repair()
    expect((await deliver(webhookUrl, SUCCESS)).json).toEqual({ outcome: 'applied' })
    expect((await statusOf(tracker)).status).toBe('success')
  },
)

test('marked as seen before the write: after a failed write, the repeat of an account event is applied', async () => {
  const tracker = await startTracker(SIGNED)
  await register(tracker, ['remove-bg'])
  const event = accountEvent('file-updated')
  const { repair } = await breakWrites(tracker.database, 'delivery_bodies')
  expect((await deliverEvent(tracker, event)).status).toBe(503)
  await repair()
  expect((await deliverEvent(tracker, event)).json).toEqual({ outcome: 'applied' })
  expect((await deliverEvent(tracker, event)).json).toEqual({ outcome: 'duplicate' })
})

test('notification lost in memory: a due notification is in the database and survives a restart', async () => {
  let isSilent = true
  const receiver = await startReceiver((_request, response) => {
    if (!isSilent) response.end()
  })
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env, ALLOW_PRIVATE_TARGETS: 'true' })
  const { fileId } = await uploadWith(tracker, ['remove-bg'], { webhookUrl: receiver.url })
  const { repair } = await breakWrites(tracker.database, 'notifications')
  const [webhookUrl = ''] = library.webhookUrls
  const delivery = { ...SUCCESS, fileObject: { fileId } }
  expect((await deliver(webhookUrl, delivery)).status).toBe(503)
  await repair()
  expect((await deliver(webhookUrl, delivery)).json).toEqual({ outcome: 'applied' })

  const restarted = await tracker.restart()
  isSilent = false
  await expect
    .poll(() => rowsOf(restarted, 'SELECT result FROM notifications'), { timeout: 15_000 })
    .toEqual([{ result: 'delivered' }])
  expect(JSON.parse(receiver.requests.at(-1)?.body ?? '')).toEqual(delivery)
})

test('pending run lost in memory: after a restart a pending run is still found and settled', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker(
    { ...WITHOUT_RECONCILER, RECONCILE_AFTER: '10m', ...library.env },
    { clock },
  )
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  library.change(fileId, AWS_TAG)
  const restarted = await tracker.restart()
  expect((await statusOf(restarted, fileId)).status).toBe('pending')
  advance(HOUR)
  await reconcileNow(restarted)
  expect((await statusOf(restarted, fileId)).status).toBe('success')
})

test('same timestamp: the later submission is current, and the first final status stays', async () => {
  const tracker = await startTracker({}, { clock: () => Date.UTC(2026, 0, 1) })
  const older = await register(tracker, ['remove-bg'])
  const newer = await register(tracker, ['remove-bg'])
  expect((await deliver(older.webhookUrl, FAILURE)).json).toEqual({ outcome: 'applied' })
  expect(await statusOf(tracker)).toMatchObject({
    status: 'pending',
    extensions: [{ submissionId: newer.submissionId }],
  })
  expect((await deliver(newer.webhookUrl, SUCCESS)).json).toEqual({ outcome: 'applied' })
  expect((await deliver(newer.webhookUrl, FAILURE)).json).toEqual({ outcome: 'contradicted' })
  expect((await statusOf(tracker)).status).toBe('success')
})

test('out of order: a late webhook or response with an earlier state does not undo a final status', async () => {
  const tracker = await startTracker(SIGNED)
  const older = await register(tracker, ['remove-bg'])
  const newer = await register(tracker, ['remove-bg'])
  // An event about the file is applied while one of its runs is pending or expired, and ignored otherwise.
  expect((await deliverEvent(tracker, accountEvent('file-deleted'))).json).toEqual({ outcome: 'applied' })
  expect((await deliver(newer.webhookUrl, SUCCESS)).json).toEqual({ outcome: 'applied' })
  expect((await deliver(older.webhookUrl, FAILURE)).json).toEqual({ outcome: 'applied' })
  const response = await tracker.fetch(`/submissions/${newer.submissionId}/response`, {
    method: 'PUT',
    body: JSON.stringify({ fileId: FILE_ID, extensionStatus: { 'remove-bg': 'pending' } }),
  })
  expect(response.status).toBe(200)
  for (const late of ['file-created', 'file-updated'])
    expect((await deliverEvent(tracker, accountEvent(late))).json).toEqual({ outcome: 'ignored' })
  expect(await statusOf(tracker)).toMatchObject({
    status: 'success',
    extensions: [{ status: 'success', source: 'webhook' }],
  })
})

test('lost webhooks: evidence settles one run and the other expires, until its webhook arrives after all', async () => {
  const { clock, advance } = movingClock()
  const { tracker, sandbox } = await startTrackerAndSandbox(WITHOUT_RECONCILER, { clock })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging', 'ai-tasks'], {
    tags: 'sandbox:webhook=drop,sandbox:delay=1',
  })
  expect(await statusOf(tracker, fileId)).toMatchObject({
    status: 'pending',
    extensionStatus: { 'aws-auto-tagging': 'pending', 'ai-tasks': 'pending' },
  })
  await expect
    .poll(async () => {
      await reconcileNow(tracker)
      advance(HOUR)
      return (await statusOf(tracker, fileId)).extensionStatus['aws-auto-tagging']
    })
    .toBe('success')
  advance(30 * HOUR)
  await reconcileNow(tracker)
  expect(sandbox.deliveries()).toEqual([])
  expect(await statusOf(tracker, fileId)).toMatchObject({
    status: 'expired',
    extensions: [
      { name: 'aws-auto-tagging', status: 'success', source: 'reconcile' },
      { name: 'ai-tasks', status: 'expired', source: 'expiry' },
    ],
  })
  const late = { ...payload('ai-tasks', 'success'), fileObject: { fileId } }
  const webhookUrl = webhookUrlOf(sandbox)
  expect((await deliver(webhookUrl, late)).json).toEqual({ outcome: 'applied' })
  expect((await statusOf(tracker, fileId)).status).toBe('success')
})

test('callback before the row exists: a webhook that arrives before the upload response settles its run', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const { fileId } = await uploadWith(tracker, ['remove-bg'], { tags: 'sandbox:webhook=early' })
  expect(sandbox.deliveries()).toMatchObject([{ state: 'delivered' }])
  expect(await statusOf(tracker, fileId)).toMatchObject({
    status: 'success',
    extensions: [{ status: 'success', source: 'webhook' }],
  })
})

test('rate limit: a lookup that ImageKit rejects with 429 neither settles nor expires its run, and is repeated', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'])
  library.change(fileId, AWS_TAG)
  library.rejection = { status: 429, headers: { 'x-ratelimit-reset': '1000' } }
  advance(30 * HOUR)
  expect(await reconcileNow(tracker)).toMatchObject({ runs: [], holdMs: 1000 })
  expect((await statusOf(tracker, fileId)).status).toBe('pending')
  library.rejection = undefined
  // No lookup is sent until the time that ImageKit's 429 demands has passed.
  advance(1000)
  await reconcileNow(tracker)
  expect((await statusOf(tracker, fileId)).status).toBe('success')
})

test('a signature expires after our own 503: the event is still accepted when the sender repeats it hours later', async () => {
  const { clock, advance } = movingClock()
  const tracker = await startTracker(SIGNED, { clock })
  await register(tracker, ['remove-bg'])
  const event = accountEvent('file-updated')
  const headers = ikHeaders(event)
  const { repair } = await breakWrites(tracker.database, 'deliveries')
  expect((await deliverEvent(tracker, event, headers)).status).toBe(503)
  await repair()
  advance(3 * HOUR)
  expect((await deliverEvent(tracker, event, headers)).json).toEqual({ outcome: 'applied' })
})
