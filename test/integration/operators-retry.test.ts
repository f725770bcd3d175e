import { expect, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import type { Overrides } from '../../src/service.ts'
import type { Store } from '../../src/store/store.ts'
import { createTestDatabase } from '../support/database.ts'
import { readLinks, readText } from '../support/html.ts'
import { type Call, startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { ask, listRuns, type OperatorRun } from '../support/operator.ts'
import { signIn } from '../support/operator-browser.ts'
import { createPausableDelay } from '../support/pausable-delay.ts'
import {
  API_KEY,
  IMAGEKIT_KEY,
  type RunningTracker,
  startTracker,
  startTrackerAndSandbox,
} from '../support/tracker.ts'
import { openWatchedStore } from '../support/watched-store.ts'
import { deliver, statusOf } from '../support/webhooks.ts'
import { fail } from './admin-setup.ts'
import { uploadWith, WITHOUT_RECONCILER } from './reconcile-setup.ts'

type SandboxSettings = Parameters<typeof startTrackerAndSandbox>[2]

const FAILING = { tags: 'sandbox:remove-bg=failed,sandbox:delay=5' }

/** Starts a tracker and a sandbox, and uploads `count` files whose remove-bg fails. Waits until all runs are settled. */
async function startWithFailures(count: number, overrides: Overrides = {}, settings: SandboxSettings = {}) {
  const { tracker, sandbox, sandboxUrl } = await startTrackerAndSandbox(
    WITHOUT_RECONCILER,
    overrides,
    settings,
  )
  const fileIds: string[] = []
  for (let n = 0; n < count; n += 1) fileIds.push((await uploadWith(tracker, ['remove-bg'], FAILING)).fileId)
  for (const fileId of fileIds) await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  return { tracker, sandbox, sandboxUrl, fileIds }
}

test('a retry creates a new run, which settles, and the old run cannot be retried again', async () => {
  const sandboxWork = createPausableDelay()
  const { tracker, sandbox, fileIds } = await startWithFailures(1, {}, { delay: sandboxWork.delay })
  const [fileId = ''] = fileIds
  const [failed] = await listRuns(tracker, '?status=failed')
  expect(failed).toMatchObject({
    name: 'remove-bg',
    fileId,
    attempt: 1,
    kind: 'upload',
    cause: expect.any(String),
  })

  sandboxWork.pause()
  const retried = await ask<OperatorRun>(tracker, `/runs/${failed?.runId}/retry`, {
    method: 'POST',
    body: { reason: 'the image was fixed' },
  })
  expect(retried.status).toBe(201)
  expect(retried.headers.get('location')).toBe(`/runs/${retried.json.runId}`)
  expect(retried.json).toMatchObject({
    name: 'remove-bg',
    status: 'pending',
    attempt: 2,
    kind: 'update',
    fileId,
  })
  expect(retried.json.runId).not.toBe(failed?.runId)
  // The retry has acknowledged the failed run.
  expect(await listRuns(tracker, '?status=failed&acknowledged=false')).toEqual([])

  sandboxWork.resume()
  await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  expect(sandbox.deliveries().length).toBe(2)
  const now = await statusOf(tracker, fileId)
  expect(now.extensions).toMatchObject([{ runId: retried.json.runId, attempt: 2 }])

  // The sandbox's tags stay on the file, so the new run fails, too.
  expect(await listRuns(tracker, '?status=failed&acknowledged=false')).toMatchObject([
    { runId: retried.json.runId },
  ])

  const again = await ask(tracker, `/runs/${failed?.runId}/retry`, { method: 'POST' })
  expect(again.status).toBe(409)
  expect(again.json).toMatchObject({ code: 'run_not_current' })
  const { json } = await ask(tracker, '/audit')
  expect(json['entries']).toMatchObject([
    { kind: 'retry', actor: 'operator', subject: failed?.runId, reason: 'the image was fixed' },
  ])
})

test('retrying a pending run gets 409, an unknown run 404, and any run with an API key 403; no run is created', async () => {
  const { tracker } = await startTrackerAndSandbox(WITHOUT_RECONCILER)
  await uploadWith(tracker, ['remove-bg'], { tags: 'sandbox:remove-bg=pending' })
  const [pending] = await listRuns(tracker)
  expect(await ask(tracker, `/runs/${pending?.runId}/retry`, { method: 'POST' })).toMatchObject({
    status: 409,
    json: { code: 'run_pending' },
  })
  expect(await ask(tracker, '/runs/none/retry', { method: 'POST' })).toMatchObject({ status: 404 })
  const withApiKey = await ask(tracker, `/runs/${pending?.runId}/retry`, { method: 'POST', key: API_KEY })
  expect(withApiKey.status).toBe(403)
  expect(await listRuns(tracker)).toHaveLength(1)
})

test.each([
  ['rejects it', 422, 'unprocessable', (call: Call) => call.respond(400, '{"message":"no"}')],
  ['breaks the connection', 502, 'imagekit_unreachable', (call: Call) => call.breakOff()],
  ['does not respond', 504, 'imagekit_timeout', () => {}],
] as const)('a retry gets an error if ImageKit %s', async (_, status, code, script) => {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readJson()
    script(call)
  })
  const tracker = await startTracker(
    { ...WITHOUT_RECONCILER, IMAGEKIT_API_URL: imagekit.url },
    { imagekitTimeoutMs: 100 },
  )
  await fail(tracker, 'remove-bg', 'file-1')
  const [failed] = await listRuns(tracker, '?status=failed')
  expect(await ask(tracker, `/runs/${failed?.runId}/retry`, { method: 'POST' })).toMatchObject({
    status,
    json: { code },
  })
})

test('an unknown retry of many runs gets 404', async () => {
  expect(await ask(await startTracker(), '/retries/none')).toMatchObject({ status: 404 })
})

test('a retry of a run whose file is deleted gets 410', async () => {
  const { tracker, sandboxUrl, fileIds } = await startWithFailures(1)
  const [failed] = await listRuns(tracker, '?status=failed')
  const authorization = `Basic ${btoa(`${IMAGEKIT_KEY}:`)}`
  await fetch(`${sandboxUrl}/v1/files/${fileIds[0]}`, { method: 'DELETE', headers: { authorization } })
  expect(await ask(tracker, `/runs/${failed?.runId}/retry`, { method: 'POST' })).toMatchObject({
    status: 410,
    json: { code: 'asset_gone' },
  })
  // ImageKit rejected the retry, so the failed run is the current one again, and an open failure again.
  expect(await listRuns(tracker, '?status=failed&acknowledged=false')).toMatchObject([
    { runId: failed?.runId },
  ])
  expect((await statusOf(tracker, fileIds[0])).extensions).toMatchObject([{ runId: failed?.runId }])
})

test('a filter retries many runs, each once, after a dry run that reports their cost', async () => {
  const { tracker, fileIds } = await startWithFailures(3)
  const body = { status: 'failed', extension: 'remove-bg', limit: 2 }
  // One run of remove-bg costs 130 units.
  expect(
    await ask(tracker, '/runs/retry', { method: 'POST', body: { ...body, dryRun: true } }),
  ).toMatchObject({
    status: 200,
    json: { total: 2, units: 260 },
  })
  expect(await listRuns(tracker)).toHaveLength(3)

  const started = await ask<{ retryId: string }>(tracker, '/runs/retry', { method: 'POST', body })
  expect(started.status).toBe(202)
  const location = started.headers.get('location') ?? ''
  expect(location).toBe(`/retries/${started.json.retryId}`)
  const progress = async () => (await ask(tracker, location)).json
  await expect.poll(progress).toMatchObject({ total: 2, done: 2, failed: 0, state: 'done' })
  const runs = await listRuns(tracker)
  expect(runs).toHaveLength(5)
  const retriedFiles = runs.filter(({ attempt }) => attempt === 2).map(({ fileId }) => fileId)
  // The limit of two selects the newest runs.
  expect(new Set(retriedFiles)).toEqual(new Set(fileIds.slice(1)))
})

test('a retry of many runs lists the runs whose retry was not accepted, with the reason', async () => {
  const { tracker, sandboxUrl, fileIds } = await startWithFailures(2)
  const authorization = `Basic ${btoa(`${IMAGEKIT_KEY}:`)}`
  await fetch(`${sandboxUrl}/v1/files/${fileIds[0]}`, { method: 'DELETE', headers: { authorization } })
  const [run] = await listRuns(tracker, `?q=${fileIds[0]}`)
  const { json } = await ask<{ retryId: string }>(tracker, '/runs/retry', {
    method: 'POST',
    body: { status: 'failed' },
  })
  const progress = async () => (await ask(tracker, `/retries/${json.retryId}`)).json
  await expect.poll(progress, { timeout: 10_000 }).toMatchObject({ done: 2, failed: 1, state: 'done' })
  const reason = expect.stringContaining('does not exist')
  expect((await progress())['notAccepted']).toEqual([
    { runId: run?.runId, name: 'remove-bg', state: 'failed', reason },
  ])
  const page = await (await signIn(tracker)).get(`/admin/retries/${json.retryId}`)
  expect(readText(page.html)).toMatch(
    /Failed 1 .*Rejected or unconfirmed 1 .*Run Reason remove-bg .*does not exist/,
  )
  expect(readLinks(page.html)).toContain(`/admin/runs/${run?.runId}`)
})

test('a retry of many runs counts the results of the new runs, and the counts add up', async () => {
  const webhookUrls = new Map<string, string>()
  const { url } = await startMisbehavingImagekit(async (call) => {
    const { webhookUrl } = (await call.readJson()) as { webhookUrl: string }
    const fileId = call.path.split('/')[3] ?? ''
    webhookUrls.set(fileId, webhookUrl)
    if (fileId === 'rejected') return call.respond(400, { message: 'No.' })
    if (fileId === 'unconfirmed' || fileId === 'settled-late') return call.breakOff()
    const status = fileId === 'now' ? 'success' : 'pending'
    call.respond(200, uploadedFile(fileId, { extensionStatus: { 'remove-bg': status } }))
  })
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, RECONCILE_AFTER: '1h', IMAGEKIT_API_URL: url })
  const fileIds = ['now', 'waiting', 'failing', 'rejected', 'unconfirmed', 'settled-late']
  for (const fileId of fileIds) await fail(tracker, 'remove-bg', fileId)
  const started = await ask(tracker, '/runs/retry', { method: 'POST', body: { status: 'failed' } })
  const path = started.headers.get('location') ?? ''
  const progress = async () => (await ask(tracker, path)).json
  // `failed` counts the retries that ImageKit did not clearly accept, and `results.failed` the new runs that failed.
  await expect.poll(progress, { timeout: 15_000 }).toMatchObject({
    total: 6,
    done: 6,
    failed: 3,
    state: 'done',
    results: { success: 1, pending: 2, failed: 0, expired: 0, rejected: 1, unconfirmed: 2 },
  })
  const settle = (fileId: string, status: string) =>
    deliver(webhookUrls.get(fileId) ?? '', { service: 'remove-bg', status, fileId })
  await settle('failing', 'FAILURE')
  await settle('settled-late', 'SUCCESS')
  const results = { success: 2, pending: 1, failed: 1, expired: 0, rejected: 1, unconfirmed: 1 }
  expect(await progress()).toMatchObject({ total: 6, done: 6, failed: 3, state: 'done', results })
  const page = await (await signIn(tracker)).get(`/admin${path}`)
  expect(readText(page.html)).toMatch(
    /Done 6 of 6 Succeeded 2 Failed 1 Expired 0 Pending 1 Rejected or unconfirmed 2 1 rejected, 1 unconfirmed/,
  )
  // The page updates itself every three seconds while a new run is pending.
  expect(page.html).toContain('data-refresh="3"')
})

test.each([
  ['one run', '/retry', {}],
  ['many runs', '/runs/retry', { status: 'failed' }],
])(
  'after a retry of %s, the new run links to the previous one and shows the reason for the retry',
  async (_, route, body) => {
    const { tracker } = await startWithFailures(1)
    const [first] = await listRuns(tracker)
    const path = route === '/retry' ? `/runs/${first?.runId}/retry` : route
    await ask(tracker, path, { method: 'POST', body: { ...body, reason: 'the image was fixed' } })
    await expect.poll(async () => (await listRuns(tracker)).length).toBe(2)
    const [second] = await listRuns(tracker)
    expect((await ask(tracker, `/runs/${second?.runId}`)).json['previous']).toEqual({
      runId: first?.runId,
      retriedBy: 'operator',
      reason: 'the image was fixed',
    })
    expect((await ask(tracker, `/runs/${first?.runId}`)).json['previous']).toBeNull()
    const page = await (await signIn(tracker)).get(`/admin/runs/${second?.runId}`)
    expect(readLinks(page.html)).toContain(`/admin/runs/${first?.runId}`)
    expect(readText(page.html)).toMatch(
      /Attempt 2 Previous attempt Retried by operator “ ?the image was fixed ?”/,
    )
  },
)

test('if the store is unavailable after a retry was sent, the result is recorded once it is available again', async () => {
  const { store: real } = await openWatchedStore(await createTestDatabase())
  let isUnavailable = true
  let rejectedWrites = 0
  const endRetryItem: Store['endRetryItem'] = async (...args) => {
    if (!isUnavailable) return real.endRetryItem(...args)
    rejectedWrites += 1
    throw new TrackerError('store_unavailable', 'The disk is full.')
  }
  const { tracker } = await startTrackerAndSandbox(WITHOUT_RECONCILER, { store: { ...real, endRetryItem } })
  const { fileId } = await uploadWith(tracker, ['remove-bg'], FAILING)
  await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  const { json } = await ask<{ retryId: string }>(tracker, '/runs/retry', {
    method: 'POST',
    body: { status: 'failed' },
  })
  await expect.poll(() => rejectedWrites, { timeout: 10_000 }).toBeGreaterThan(0)
  isUnavailable = false
  await expect
    .poll(async () => (await ask(tracker, `/retries/${json.retryId}`)).json, { timeout: 10_000 })
    .toMatchObject({ total: 1, done: 1, failed: 0, state: 'done' })
  expect(await listRuns(tracker)).toHaveLength(2)
})

test('if the connection to the database breaks while a retry is recorded, the retry ends as unconfirmed and is never sent', async () => {
  const { store: real, uncertain } = await openWatchedStore(await createTestDatabase())
  let isUnavailable = true
  const endRetryItem: Store['endRetryItem'] = async (...args) => {
    if (isUnavailable) throw new TrackerError('store_unavailable', 'The disk is full.')
    return real.endRetryItem(...args)
  }
  const store = { ...real, endRetryItem }
  const { tracker, sandbox } = await startTrackerAndSandbox(WITHOUT_RECONCILER, { store })
  const { fileId } = await uploadWith(tracker, ['remove-bg'], FAILING)
  await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  uncertain.add('submitRetry')
  const body = { status: 'failed' }
  const { json } = await ask<{ retryId: string }>(tracker, '/runs/retry', { method: 'POST', body })
  await expect.poll(() => listRuns(tracker)).toHaveLength(2)
  isUnavailable = false
  await expect
    .poll(async () => (await ask(tracker, `/retries/${json.retryId}`)).json)
    .toMatchObject({ total: 1, done: 1, failed: 1, state: 'done', results: { unconfirmed: 1 } })
  // The only webhook is that of the upload.
  expect(sandbox.deliveries()).toHaveLength(1)
})

/**
 * Starts a retry of three failed runs, each of which sends an update to ImageKit. ImageKit responds to the updates with these statuses,
 * one each, and then with 200. A 429 demands a pause of `holdMs`.
 */
async function startRateLimitedRetry(statuses: number[], holdMs: number) {
  const calls: { fileId: string; at: number }[] = []
  const { url } = await startMisbehavingImagekit(async (call) => {
    await call.readJson()
    const fileId = call.path.split('/')[3] ?? ''
    calls.push({ fileId, at: performance.now() })
    const status = statuses.shift() ?? 200
    if (status === 200) call.respond(status, uploadedFile(fileId))
    else call.respond(status, { message: 'Rate limit exceeded' }, { 'x-ratelimit-reset': String(holdMs) })
  })
  // No run is overdue, so the reconciler sends no requests.
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, RECONCILE_AFTER: '1h', IMAGEKIT_API_URL: url })
  for (const fileId of ['a', 'b', 'c']) await fail(tracker, 'remove-bg', fileId)
  const started = await ask(tracker, '/runs/retry', { method: 'POST', body: { status: 'failed' } })
  const progressOf = async (running: RunningTracker) =>
    (await ask(running, started.headers.get('location') ?? '')).json
  return { tracker, calls, progressOf }
}

const ALL_DONE = { total: 3, done: 3, failed: 0, state: 'done' }

test('a retry of many runs waits as long as ImageKit demands, and then repeats the rate-limited run', async () => {
  const { tracker, calls, progressOf } = await startRateLimitedRetry([429], 700)
  await expect.poll(() => progressOf(tracker)).toMatchObject(ALL_DONE)
  const [limited, next, ...others] = calls
  expect(next?.fileId).toBe(limited?.fileId)
  expect(new Set([next, ...others].map((one) => one?.fileId))).toEqual(new Set(['a', 'b', 'c']))
  expect(calls).toHaveLength(4)
  // A timer may be a few milliseconds early.
  expect((next?.at ?? 0) - (limited?.at ?? 0)).toBeGreaterThanOrEqual(690)
})

test('a restart during a retry of many runs repeats none that ImageKit has accepted', async () => {
  const { tracker, calls, progressOf } = await startRateLimitedRetry([200, 429], 60_000)
  await expect.poll(() => calls.length).toBe(2)
  const restarted = await tracker.restart()
  await expect.poll(() => progressOf(restarted)).toMatchObject(ALL_DONE)
  const [accepted, limited, ...others] = calls.map(({ fileId }) => fileId)
  expect(others).toHaveLength(2)
  expect(others).toContain(limited)
  expect(others).not.toContain(accepted)
})

test.each([
  [{ status: 'pending' }, 'status'],
  [{}, 'status'],
  [{ status: 'failed', limit: 1001 }, 'limit'],
  [{ status: 'failed', extention: 'remove-bg' }, 'extention'],
  [{ status: 'failed', since: 'yesterday' }, 'since'],
])(
  'a retry with an invalid filter is rejected, because ignoring the filter would select other runs than intended: %j',
  async (body, field) => {
    const { tracker } = await startTrackerAndSandbox(WITHOUT_RECONCILER)
    const response = await ask(tracker, '/runs/retry', { method: 'POST', body })
    expect(response).toMatchObject({ status: 400, json: { errors: [{ field }] } })
  },
)
