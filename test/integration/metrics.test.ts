import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { parsePrometheusText, type Sample } from '../support/prometheus-text.ts'
import { startReceiver } from '../support/receiver.ts'
import { deliverEvent } from '../support/signed-webhooks.ts'
import { type RunningTracker, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { openWatchedStore } from '../support/watched-store.ts'
import { deliver, payload, register } from '../support/webhooks.ts'
import {
  movingClock,
  reconcileNow,
  startLibrary,
  stoppedClock,
  uploadWith,
  WITHOUT_RECONCILER,
} from './reconcile-setup.ts'

/** Reads the metrics. The returned function adds up the samples with this name and these labels, or returns NaN if there are none. */
async function scrape(tracker: RunningTracker): Promise<(name: string, labels?: Sample['labels']) => number> {
  const response = await tracker.fetch('/metrics')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const samples = parsePrometheusText(await response.text())
  return (name, labels = {}) => {
    const matching = samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )
    return matching.reduce((sum, { value }) => sum + value, matching.length === 0 ? Number.NaN : 0)
  }
}

test('deliveries are counted by route and outcome, and rejected deliveries by their cause too', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const before = await scrape(tracker)
  expect(before('tracker_deliveries_total', { route: 'extension', outcome: 'applied' })).toBe(0)

  for (const status of ['success', 'success', 'failure', 'failure'] as const)
    await deliver(webhookUrl, payload('remove-bg', status))
  await deliver(webhookUrl, { service: 'ai-tasks', status: 'SUCCESS' })
  await deliver(webhookUrl.replace(/.{4}$/, 'AAAA'), payload('remove-bg', 'success'))
  await deliver(webhookUrl, 'no json')
  await deliverEvent(tracker, '{}')
  const value = await scrape(tracker)
  const outcomeCounts = (route: string) =>
    ['applied', 'duplicate', 'contradicted', 'ignored', 'rejected'].map((outcome) =>
      value('tracker_deliveries_total', { route, outcome }),
    )
  expect(outcomeCounts('extension')).toEqual([1, 2, 1, 1, 2])
  expect(outcomeCounts('account')).toEqual([0, 0, 0, 0, 1])
  const rejectedCount = (route: string, cause: string) =>
    value('tracker_deliveries_rejected_total', { route, cause })
  expect(rejectedCount('extension', 'forged_token')).toBe(1)
  expect(rejectedCount('extension', 'not_json')).toBe(1)
  expect(rejectedCount('account', 'no_secret')).toBe(1)
})

test('the time to settle is measured for every source: the response, a webhook, evidence', async () => {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env }, { clock })
  const { fileId } = await uploadWith(tracker, ['remove-bg', 'aws-auto-tagging', 'ai-tasks'])
  advance(40_000)
  await deliver(library.webhookUrls[0] ?? '', { service: 'remove-bg', status: 'FAILURE', fileId })
  library.change(fileId, { AITags: [{ name: 'Shirt', confidence: 90.1, source: 'aws-auto-tagging' }] })
  await reconcileNow(tracker)
  const registered = await register(tracker, ['google-auto-tagging'], null)
  const { pathname, search } = new URL(registered.statusUrl)
  const response = await tracker.fetch(`${pathname}/response${search}`, {
    method: 'PUT',
    body: JSON.stringify({ fileId: 'file-x', extensionStatus: { 'google-auto-tagging': 'success' } }),
  })
  expect(response.status).toBe(200)

  const value = await scrape(tracker)
  /** The number of settled runs: all, those within 30 s, and those within 60 s. */
  const settledCounts = (extension: string) => {
    const seconds = (name: string, labels = {}) =>
      value(`tracker_run_settle_seconds_${name}`, { extension, ...labels })
    return [seconds('count'), seconds('bucket', { le: '30' }), seconds('bucket', { le: '60' })]
  }
  expect(settledCounts('remove-bg')).toEqual([1, 0, 1])
  expect(settledCounts('aws-auto-tagging')).toEqual([1, 0, 1])
  expect(settledCounts('google-auto-tagging')).toEqual([1, 1, 1])
  expect(settledCounts('ai-tasks')).toEqual([Number.NaN, Number.NaN, Number.NaN])
  const bySource = (source: string, status: string) => value('tracker_runs_settled_total', { source, status })
  expect(bySource('webhook', 'failed')).toBe(1)
  expect(bySource('reconcile', 'success')).toBe(1)
  expect(bySource('response', 'success')).toBe(1)
  expect(value('tracker_reconciled_runs_total', { finding: 'evidence' })).toBe(1)
  expect(value('tracker_reconciled_runs_total', { finding: 'unchanged' })).toBe(1)
  expect(value('tracker_runs', { status: 'pending', extension: 'ai-tasks' })).toBe(1)
  expect(value('tracker_runs', { status: 'failed', extension: 'remove-bg' })).toBe(1)
  expect(value('tracker_runs', { status: 'success' })).toBe(2)
  expect(value('tracker_oldest_pending_seconds')).toBeGreaterThanOrEqual(40)
  expect(value('tracker_oldest_pending_seconds')).toBeLessThan(50)
})

test('a status without runs has no sample, and without pending runs the age of the oldest is 0', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect((await scrape(tracker))('tracker_runs', { status: 'pending' })).toBe(1)
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  const value = await scrape(tracker)
  expect(value('tracker_runs', { status: 'pending' })).toBeNaN()
  expect(value('tracker_runs', { status: 'success', extension: 'remove-bg' })).toBe(1)
  expect(value('tracker_oldest_pending_seconds')).toBe(0)
})

test('the fifty-first extension and all later ones are counted as "other"', async () => {
  const tracker = await startTracker()
  const hostile = 'a"b\\c\n{}'
  const names = [hostile, ...Array.from({ length: 59 }, (_, index) => `extension-${index}`)]
  const { webhookUrl } = await register(tracker, names)
  for (const service of names) await deliver(webhookUrl, { service, status: 'SUCCESS' })
  const samples = parsePrometheusText(await (await tracker.fetch('/metrics')).text())
  for (const name of ['tracker_runs', 'tracker_run_settle_seconds_count', 'tracker_runs_settled_total']) {
    const listed = samples.filter((sample) => sample.name === name)
    expect(listed).toHaveLength(51)
    expect(listed.find(({ labels }) => labels['extension'] === hostile)?.value).toBe(1)
    expect(listed.find(({ labels }) => labels['extension'] === 'other')?.value).toBe(10)
  }
})

test('uploads are measured by response status, and their bytes are counted', async () => {
  const { tracker } = await startTrackerAndSandbox()
  await uploadWith(tracker, ['remove-bg'])
  const form = new FormData()
  form.append('fileName', 'nothing.png')
  expect((await tracker.fetch('/api/v1/files/upload', { method: 'POST', body: form })).status).toBe(400)
  const value = await scrape(tracker)
  expect(value('tracker_upload_seconds_count', { status: '2xx' })).toBe(1)
  expect(value('tracker_upload_seconds_count', { status: '4xx' })).toBe(1)
  expect(value('tracker_upload_bytes_count')).toBe(2)
  expect(value('tracker_upload_bytes_sum')).toBeGreaterThan(500)
  expect(value('tracker_upload_bytes_sum')).toBeLessThan(2_000)
  expect(value('tracker_uploads_under_way')).toBe(0)
})

test('the metrics count the commits and their steps', async () => {
  const tracker = await startTracker()
  const before = await scrape(tracker)
  const registrations = Array.from({ length: 20 }, (_, index) =>
    register(tracker, ['remove-bg'], `file-${index}`),
  )
  await Promise.all(registrations)
  const after = await scrape(tracker)
  const increase = (name: string) => after(name) - before(name)
  expect(increase('tracker_commit_batch_steps_sum')).toBeGreaterThanOrEqual(20)
  expect(increase('tracker_commit_batch_steps_count')).toBeGreaterThanOrEqual(1)
  expect(increase('tracker_commit_seconds_sum')).toBeGreaterThan(0)
  // A heartbeat may still be in the queue.
  await expect.poll(async () => (await scrape(tracker))('tracker_commit_queue_depth')).toBe(0)
})

test('the metrics count the attempts of notifications by result, and the notifications that are waiting', async () => {
  let status = 500
  const receiver = await startReceiver((_request, response) => response.writeHead(status).end())
  const { clock, advance } = stoppedClock()
  const library = await startLibrary()
  const env = { ...WITHOUT_RECONCILER, ...library.env, ALLOW_PRIVATE_TARGETS: 'true' }
  const tracker = await startTracker(env, { clock })
  const { fileId } = await uploadWith(tracker, ['remove-bg'], { webhookUrl: receiver.url })
  await deliver(library.webhookUrls[0] ?? '', {
    service: 'remove-bg',
    status: 'SUCCESS',
    fileObject: { fileId },
  })
  const attempts = async (result: string) =>
    (await scrape(tracker))('tracker_notification_attempts_total', { result })
  await expect.poll(() => attempts('again')).toBe(1)
  const failed = await scrape(tracker)
  expect([failed('tracker_notifications_waiting'), failed('tracker_notifications_due')]).toEqual([1, 0])
  status = 200
  // The first retry is due after 4 to 6 s.
  advance(7_000)
  await expect.poll(() => attempts('delivered')).toBe(1)
  expect((await scrape(tracker))('tracker_notifications_waiting')).toBe(0)
})

test('the metrics include the memory and event loop of the process, and the versions of the tracker and of Node', async () => {
  const value = await scrape(await startTracker())
  expect(value('tracker_build_info', { version: '0.1.0', node: process.version })).toBe(1)
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  expect(value('nodejs_eventloop_lag_seconds')).toBeGreaterThanOrEqual(0)
})

test('while the store cannot be read, the other metrics remain, and deliveries that could not be recorded are counted', async () => {
  const database = await createTestDatabase()
  const watched = await openWatchedStore(database)
  const tracker = await startTracker({}, { store: watched.store }, database)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  watched.failing.add('recordDelivery').add('readStats')
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).status).toBe(503)
  const value = await scrape(tracker)
  expect(value('tracker_store_readable')).toBe(0)
  expect(value('tracker_oldest_pending_seconds')).toBeNaN()
  expect(value('tracker_deliveries_not_taken_total', { cause: 'store_unavailable' })).toBe(1)
  expect(value('tracker_deliveries_total', { outcome: 'applied' })).toBe(0)
  watched.failing.clear()
  expect((await scrape(tracker))('tracker_store_readable')).toBe(1)
})
