import { expect, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import { unknownIds } from '../contract/builders.ts'
import { createTestDatabase, openStoreOf } from '../support/database.ts'
import { ask, listRuns } from '../support/operator.ts'
import { startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'
import { fail } from './admin-setup.ts'
import { uploadWith, WITHOUT_RECONCILER } from './reconcile-setup.ts'

type Page = { runs: { runId: string }[]; nextCursor: string | null }

test('runs are listed newest first, page by page, each once, even while new ones arrive', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const submissionIds: string[] = []
  for (let n = 0; n < 5; n += 1)
    submissionIds.push((await register(tracker, ['remove-bg', 'ai-tasks'], `file-${n}`)).submissionId)
  const listed = await listRuns(tracker)
  // Each submission has two runs.
  expect(listed.map(({ submissionId }) => submissionId)).toEqual(
    submissionIds.toReversed().flatMap((submissionId) => [submissionId, submissionId]),
  )
  const before = listed.map(({ runId }) => runId)

  const pagedIds: string[] = []
  let path = '/runs?limit=3&status=pending'
  for (;;) {
    const { json, headers } = await ask<Page>(tracker, path)
    pagedIds.push(...json.runs.map(({ runId }) => runId))
    await register(tracker, ['remove-bg'], 'later')
    if (json.nextCursor === null) break
    const next = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? ''
    expect(new URL(next, tracker.url).searchParams.get('cursor')).toBe(json.nextCursor)
    expect(new URL(next, tracker.url).searchParams.get('status')).toBe('pending')
    path = next
  }
  expect(pagedIds).toEqual(before)
  expect((await listRuns(tracker))[0]).toMatchObject({ fileId: 'later' })
})

test('if a filter is repeated, the first value counts, also on the next page', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  await register(tracker, ['remove-bg', 'ai-tasks'])
  const { headers } = await ask<Page>(tracker, '/runs?limit=1&status=pending&status=failed')
  const next = /^<([^>]+)>/.exec(headers.get('link') ?? '')?.[1] ?? ''
  expect(await ask<Page>(tracker, next)).toMatchObject({
    status: 200,
    json: { runs: [{ status: 'pending' }] },
  })
})

test('runs can be filtered by one field or by several', async () => {
  const { tracker } = await startTrackerAndSandbox(WITHOUT_RECONCILER)
  const failing = await uploadWith(tracker, ['remove-bg', 'aws-auto-tagging'], {
    tags: 'sandbox:remove-bg=failed,sandbox:delay=5',
  })
  await tracker.fetch(`/assets/${failing.fileId}/status?wait=10`)
  const namesOf = async (query: string) => (await listRuns(tracker, query)).map(({ name }) => name)
  expect(await namesOf('?status=failed')).toEqual(['remove-bg'])
  expect(await namesOf('?status=success')).toEqual(['aws-auto-tagging'])
  expect(await namesOf('?extension=aws-auto-tagging')).toEqual(['aws-auto-tagging'])
  expect(await namesOf('?extension=remove-bg&status=success')).toEqual([])
  const [run] = await listRuns(tracker, '?status=failed')
  expect(await namesOf(`?cause=${encodeURIComponent(run?.cause ?? '')}`)).toEqual(['remove-bg'])
  for (const id of [failing.fileId, failing.submissionId])
    expect(await namesOf(`?q=${id}`)).toEqual(['aws-auto-tagging', 'remove-bg'])
  expect(await namesOf(`?q=${run?.runId}`)).toEqual(['remove-bg'])
  expect(await namesOf(`?q=${encodeURIComponent(run?.fileName?.slice(0, 4) ?? '')}&status=failed`)).toEqual([
    'remove-bg',
  ])
  expect(await namesOf('?q=nothing')).toEqual([])
  expect(await namesOf('?acknowledged=true')).toEqual([])
  expect(await namesOf('?since=2100-01-01T00:00:00Z')).toEqual([])
  expect(await namesOf('?since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00.000Z&status=failed')).toEqual([
    'remove-bg',
  ])
  expect(await namesOf('?until=2020-01-01T00:00:00%2B02:00')).toEqual([])
})

test.each([
  ['status', '?status=done'],
  ['acknowledged', '?acknowledged=yes'],
  ['since', '?since=1700000000'],
  ['limit', '?limit=0'],
  ['limit', '?limit=201'],
  ['limit', '?limit=ten'],
  ['cursor', '?cursor=abc'],
])('an invalid query is rejected and its field is named: %s in %s', async (field, query) => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  expect(await ask(tracker, `/runs${query}`)).toMatchObject({ status: 400, json: { errors: [{ field }] } })
})

test.each([
  ['/runs', 'acknowleged'],
  ['/runs', 'extention'],
  ['/deliveries', 'outcom'],
  ['/audit', 'since'],
  ['/stats', 'windw'],
  ['/doctor', 'verbose'],
  ['/runs/some-run', 'include'],
  ['/deliveries/some-delivery', 'include'],
  ['/retries/some-retry', 'include'],
])('%s rejects an unknown parameter and names it: %s', async (path, name) => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const { status, json } = await ask(tracker, `${path}?${name}=false`)
  expect(status).toBe(400)
  expect(json).toMatchObject({
    code: 'invalid_input',
    errors: [{ field: name, message: 'is not a parameter of this route' }],
  })
})

test('a query names each unknown parameter, not only the first', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const { json } = await ask(tracker, '/runs?stauts=failed&status=failed&exstension=remove-bg')
  expect(json['errors']).toMatchObject([{ field: 'stauts' }, { field: 'exstension' }])
})

test.each([
  ['/runs', '?status=&extension=&cause=&since=&until=&q=&acknowledged=&limit=&cursor='],
  ['/deliveries', '?outcome=&fileId=&limit=&cursor='],
  ['/audit', '?limit=&cursor='],
])('an empty value of a parameter is ignored: %s%s', async (path, query) => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  await fail(tracker, 'remove-bg', 'a')
  const [run] = await listRuns(tracker)
  await ask(tracker, `/runs/${run?.runId}/acknowledge`, { method: 'POST', body: {} })
  const all = await ask(tracker, path)
  // The first field of each response is the list.
  const [listed] = Object.values(all.json)
  expect(listed).toHaveLength(1)
  expect(await ask(tracker, path + query)).toMatchObject({ status: 200, json: all.json })
})

test('an empty window is the default window', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  expect(await ask(tracker, '/stats?window=')).toMatchObject({ status: 200, json: { window: '24h' } })
})

test('a run is shown with its submission, siblings, deliveries and timeline', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const { submissionId, webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks'])
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await deliver(webhookUrl, payload('ai-tasks', 'success'))
  const [run] = await listRuns(tracker, '?extension=remove-bg')
  await ask(tracker, `/runs/${run?.runId}/acknowledge`, { method: 'POST', body: { note: 'a known problem' } })

  const { status, json } = await ask(tracker, `/runs/${run?.runId}`)
  expect(status).toBe(200)
  expect(json).toMatchObject({
    run: { runId: run?.runId, status: 'failed', source: 'webhook', fileId: FILE_ID, contradicted: true },
    submission: { submissionId, kind: 'external', requested: [{ name: 'remove-bg' }, { name: 'ai-tasks' }] },
    siblings: [{ name: 'ai-tasks', status: 'success' }],
    deliveries: [
      { outcome: 'applied', service: 'remove-bg', runId: run?.runId, submissionId },
      { outcome: 'contradicted', service: 'remove-bg' },
    ],
    evidence: null,
  })
  const events = (json['timeline'] as { what: string; at: string }[]).map(({ what }) => what)
  expect(events).toEqual(['requested', 'delivery', 'settled', 'delivery', 'acknowledge'])
  expect((await ask(tracker, '/runs/none')).status).toBe(404)
})

test('an acknowledged failure is removed from the open failures and keeps its status; acknowledging a pending run gets 409', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const { webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks'])
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  const [run] = await listRuns(tracker, '?status=failed&acknowledged=false')
  const acknowledged = await ask(tracker, `/runs/${run?.runId}/acknowledge`, {
    method: 'POST',
    body: { note: 'seen' },
  })
  expect(acknowledged).toMatchObject({
    status: 200,
    json: { runId: run?.runId, status: 'failed', acknowledgedAt: expect.stringMatching(/Z$/) },
  })
  expect(await listRuns(tracker, '?status=failed&acknowledged=false')).toEqual([])
  expect(await listRuns(tracker, '?status=failed&acknowledged=true')).toHaveLength(1)
  expect((await statusOf(tracker)).extensionStatus['remove-bg']).toBe('failed')

  const [pending] = await listRuns(tracker, '?status=pending')
  expect(await ask(tracker, `/runs/${pending?.runId}/acknowledge`, { method: 'POST' })).toMatchObject({
    status: 409,
    json: { code: 'run_pending' },
  })
})

test('deliveries, including rejected ones, are listed with their outcome; one is shown without secrets and replayed', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const signature = { 'content-type': 'application/json', 'x-ik-signature': 't=1,v1=secret-signature' }
  await deliver(webhookUrl, payload('remove-bg', 'failure'), signature)
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  await deliver(`${webhookUrl.slice(0, -3)}abc`, payload('remove-bg', 'failure'))
  type DeliveryList = { deliveries: { deliveryId: string; outcome: string; cause: string | null }[] }
  const list = async (query = '') => (await ask<DeliveryList>(tracker, `/deliveries${query}`)).json.deliveries
  await expect.poll(() => list()).toHaveLength(3)
  expect((await list()).map(({ outcome }) => outcome)).toEqual(['rejected', 'duplicate', 'applied'])
  expect(await list('?outcome=rejected')).toMatchObject([{ cause: 'forged_token' }])
  // The rejected delivery names the same file, but a filter by file excludes all rejected ones.
  expect(await list(`?fileId=${FILE_ID}`)).toHaveLength(2)
  expect(await list('?outcome=applied&limit=1')).toHaveLength(1)

  const [applied] = await list('?outcome=applied')
  const { json } = await ask(tracker, `/deliveries/${applied?.deliveryId}`)
  expect(JSON.parse(String(json['body']))).toEqual(payload('remove-bg', 'failure'))
  expect(json['headers']).toMatchObject({ 'content-type': 'application/json' })
  expect(JSON.stringify(json)).not.toContain('secret-signature')
  // The part of the token after the dot is its HMAC.
  expect(JSON.stringify(json)).not.toContain(webhookUrl.split('.').at(-1))

  const replayed = await ask(tracker, `/deliveries/${applied?.deliveryId}/replay`, { method: 'POST' })
  expect(replayed).toMatchObject({ status: 200, json: { outcome: 'duplicate' } })
  // With an empty id, the path would not be that of one delivery.
  for (const id of unknownIds(applied?.deliveryId ?? ''))
    if (id !== '') expect((await ask(tracker, `/deliveries/${encodeURIComponent(id)}`)).status).toBe(404)
})

test('deliveries are listed page by page, each once, even while new ones arrive', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  type DeliveryPage = { deliveries: { deliveryId: string; outcome: string }[]; nextCursor: string | null }
  const list = async (query: string) => (await ask<DeliveryPage>(tracker, `/deliveries${query}`)).json
  for (const target of [webhookUrl, `${webhookUrl}x`, webhookUrl]) {
    const { length } = (await list('')).deliveries
    await deliver(target, payload('remove-bg', 'failure'))
    await expect.poll(async () => (await list('')).deliveries).toHaveLength(length + 1)
  }
  const { deliveries: before } = await list('')
  expect(before.map(({ outcome }) => outcome)).toEqual(['duplicate', 'rejected', 'applied'])

  const paged: DeliveryPage['deliveries'] = []
  for (let query = '?limit=1'; ; ) {
    const { deliveries, nextCursor } = await list(query)
    paged.push(...deliveries)
    await deliver(webhookUrl, payload('remove-bg', 'failure'))
    if (nextCursor === null) break
    query = `?limit=1&cursor=${nextCursor}`
  }
  expect(paged).toEqual(before)
})

test('a run is not found by an id whose random bits, number, prefix or spelling differ', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  await register(tracker, ['remove-bg'])
  const [run] = await listRuns(tracker)
  const { runId = '', submissionId = '' } = run ?? {}
  for (const id of [runId, submissionId]) expect(await listRuns(tracker, `?q=${id}`)).toHaveLength(1)
  for (const id of unknownIds(runId).filter((text) => text !== '')) {
    const text = encodeURIComponent(id)
    expect((await ask(tracker, `/runs/${text}`)).status).toBe(404)
    expect((await ask(tracker, `/runs/${text}/retry`, { method: 'POST' })).status).toBe(404)
    // One of these ids is that of the submission: its row and the run's have the same number here, so only the prefix differs.
    if (id !== submissionId) expect(await listRuns(tracker, `?q=${text}`)).toEqual([])
  }
})

test('the stats show counts, causes, the oldest pending run and settle times', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const { webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks', 'aws-auto-tagging'])
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  await deliver(webhookUrl, payload('ai-tasks', 'success'))
  const { json } = await ask(tracker, '/stats?window=6h')
  expect(json).toMatchObject({
    window: '6h',
    byStatus: { pending: 1, success: 1, failed: 1, expired: 0 },
    byExtension: {
      'remove-bg': { failed: 1 },
      'ai-tasks': { success: 1 },
      'aws-auto-tagging': { pending: 1 },
    },
    causes: [{ extension: 'remove-bg', cause: expect.any(String), count: 1 }],
    oldestPendingAt: expect.stringMatching(/Z$/),
    settleSeconds: { p50: expect.any(Number), p95: expect.any(Number) },
  })
  expect(json['byHour']).toHaveLength(6)
  for (const counts of json['byHour'] as object[])
    expect(Object.keys(counts)).toEqual(['hour', 'success', 'failed', 'expired'])
  expect((await ask(tracker, '/stats?window=100d')).status).toBe(400)
})

test('a forgotten asset is unknown, and the audit log and the record of a late webhook do not contain its ids', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const { webhookUrl, submissionId } = await register(tracker, ['remove-bg', 'ai-tasks'])
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  expect(
    (await ask(tracker, `/assets/${FILE_ID}`, { method: 'DELETE', body: { reason: 'asked to' } })).status,
  ).toBe(204)
  expect((await tracker.fetch(`/assets/${FILE_ID}/status`)).status).toBe(404)
  expect((await ask(tracker, `/assets/${FILE_ID}`, { method: 'DELETE' })).status).toBe(404)
  expect((await ask(tracker, `/submissions/${submissionId}`)).status).toBe(404)
  expect(await listRuns(tracker)).toEqual([])

  const late = await deliver(webhookUrl, payload('ai-tasks', 'success'))
  expect(late).toMatchObject({ status: 200, json: { outcome: 'ignored' } })
  const shownText = JSON.stringify([await ask(tracker, '/audit'), await ask(tracker, '/deliveries')])
  expect(shownText).not.toContain(FILE_ID)
  expect(shownText).not.toContain(submissionId)
  expect(shownText).toContain('sha256:')
})

test('a forgotten asset has no status, even if forgetting it ended with an error', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const forgetAsset: typeof real.forgetAsset = async (...args) => {
    await real.forgetAsset(...args)
    throw new TrackerError('store_unavailable', 'The log cannot be emptied.')
  }
  const tracker = await startTracker(WITHOUT_RECONCILER, { store: { ...real, forgetAsset } }, database)
  await register(tracker, ['remove-bg'])
  expect(await statusOf(tracker)).toMatchObject({ status: 'pending' })
  expect((await ask(tracker, `/assets/${FILE_ID}`, { method: 'DELETE' })).status).toBe(503)
  expect((await tracker.fetch(`/assets/${FILE_ID}/status`)).status).toBe(404)
})
