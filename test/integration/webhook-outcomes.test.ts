import { expect, test } from 'vitest'
import { startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'

const DOCUMENTED = ['remove-bg', 'google-auto-tagging', 'aws-auto-tagging', 'ai-auto-description', 'ai-tasks']

test.each(DOCUMENTED)(
  'SUCCESS of %s settles its run, and FAILURE stores the error as received',
  async (name) => {
    const tracker = await startTracker()
    const succeeding = await register(tracker, [name])
    const response = await deliver(succeeding.webhookUrl, payload(name, 'success'))
    expect(response).toMatchObject({ status: 200, json: { outcome: 'applied' } })
    expect(Object.keys(response.json)).toEqual(['outcome'])
    expect(await statusOf(tracker)).toMatchObject({
      status: 'success',
      extensionStatus: { [name]: 'success' },
      extensions: [{ source: 'webhook', settledAt: expect.any(String), error: null }],
    })

    const failing = await register(tracker, [name])
    const failure = payload(name, 'failure')
    expect((await deliver(failing.webhookUrl, failure)).json).toEqual({ outcome: 'applied' })
    const status = await statusOf(tracker)
    expect(status).toMatchObject({ status: 'failed', extensionStatus: { [name]: 'failed' } })
    expect(status.extensions[0]?.error).toEqual(failure['error'])
  },
)

test('the fileId of a webhook binds a submission without a fileId', async () => {
  const tracker = await startTracker()
  const { webhookUrl, submissionId } = await register(tracker, ['remove-bg'], null)
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).json).toEqual({ outcome: 'applied' })
  expect(await statusOf(tracker)).toMatchObject({ status: 'success', extensions: [{ submissionId }] })
  const submission = await (await tracker.fetch(`/submissions/${submissionId}`)).json()
  expect(submission).toMatchObject({ state: 'accepted', fileId: FILE_ID })
})

test('a repeated status is a duplicate; the opposite is contradicted, and its repeat a duplicate', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const outcomes = []
  for (const result of ['success', 'success', 'failure', 'failure', 'success'] as const)
    outcomes.push((await deliver(webhookUrl, payload('remove-bg', result))).json['outcome'])
  expect(outcomes).toEqual(['applied', 'duplicate', 'contradicted', 'duplicate', 'duplicate'])
  expect(await statusOf(tracker)).toMatchObject({ status: 'success', extensions: [{ error: null }] })
})

test('a failure that came first stays, with its own error', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  const before = await statusOf(tracker)
  const other = { ...payload('remove-bg', 'failure'), error: { message: 'another' } }
  expect((await deliver(webhookUrl, other)).json).toEqual({ outcome: 'duplicate' })
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).json).toEqual({
    outcome: 'contradicted',
  })
  const after = await statusOf(tracker)
  expect({ ...after.extensions[0] }).toEqual({ ...before.extensions[0] })
})

test('a webhook that repeats the status of the response is a duplicate and adds the missing error', async () => {
  const tracker = await startTracker()
  const { webhookUrl, submissionId } = await register(tracker, ['remove-bg'])
  await tracker.fetch(`/submissions/${submissionId}/response`, {
    method: 'PUT',
    body: JSON.stringify({ fileId: FILE_ID, extensionStatus: { 'remove-bg': 'failed' } }),
  })
  expect((await statusOf(tracker)).extensions).toMatchObject([{ source: 'response', error: null }])
  const failure = payload('remove-bg', 'failure')
  expect((await deliver(webhookUrl, failure)).json).toEqual({ outcome: 'duplicate' })
  expect((await statusOf(tracker)).extensions).toMatchObject([
    { status: 'failed', source: 'response', error: failure['error'] },
  ])
})

test('a webhook for a service that was not requested is ignored, and creates no run', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect(await deliver(webhookUrl, payload('aws-auto-tagging', 'success'))).toMatchObject({
    status: 200,
    json: { outcome: 'ignored' },
  })
  expect((await statusOf(tracker)).extensionStatus).toEqual({ 'remove-bg': 'pending' })
})

test('a webhook that names another file is ignored: the status of neither file changes', async () => {
  const tracker = await startTracker()
  const mine = await register(tracker, ['remove-bg'], 'file-of-mine')
  await register(tracker, ['remove-bg'])
  for (const result of ['success', 'failure'] as const)
    expect((await deliver(mine.webhookUrl, payload('remove-bg', result))).json).toEqual({
      outcome: 'ignored',
    })
  expect((await statusOf(tracker, 'file-of-mine')).status).toBe('pending')
  expect((await statusOf(tracker)).status).toBe('pending')
})

test("a saved extension's placeholder is removed when a webhook names the real extension", async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['saved-extension'])
  expect((await statusOf(tracker)).extensionStatus).toEqual({ 'saved-extension': 'pending' })
  expect((await deliver(webhookUrl, payload('ai-tasks', 'success'))).json).toEqual({ outcome: 'applied' })
  expect((await statusOf(tracker)).extensionStatus).toEqual({ 'ai-tasks': 'success' })
})

test('a webhook for an older submission settles its own run, but only the current runs decide the status of the asset', async () => {
  const tracker = await startTracker()
  const older = await register(tracker, ['remove-bg', 'ai-tasks'])
  const newer = await register(tracker, ['remove-bg'])
  expect((await deliver(older.webhookUrl, payload('remove-bg', 'failure'))).json).toEqual({
    outcome: 'applied',
  })
  expect(await statusOf(tracker)).toMatchObject({
    status: 'pending',
    extensionStatus: { 'remove-bg': 'pending', 'ai-tasks': 'pending' },
  })
  await deliver(older.webhookUrl, payload('ai-tasks', 'success'))
  await deliver(newer.webhookUrl, payload('remove-bg', 'success'))
  expect((await statusOf(tracker)).status).toBe('success')
  const history = await (await tracker.fetch(`/submissions/${older.submissionId}`)).json()
  expect(history).toMatchObject({
    extensions: [{ name: 'remove-bg', status: 'failed' }, { name: 'ai-tasks' }],
  })
})

test('a clock that goes back changes no status: the submission inserted last is the newest', async () => {
  let now = Date.UTC(2030, 0, 1)
  const tracker = await startTracker({}, { clock: () => now })
  const older = await register(tracker, ['remove-bg'])
  now = Date.UTC(2020, 0, 1)
  const newer = await register(tracker, ['remove-bg'])
  await deliver(older.webhookUrl, payload('remove-bg', 'failure'))
  expect(await statusOf(tracker)).toMatchObject({
    status: 'pending',
    extensions: [{ submissionId: newer.submissionId, requestedAt: '2020-01-01T00:00:00.000Z' }],
  })
  now = Date.UTC(2010, 0, 1)
  await deliver(newer.webhookUrl, payload('remove-bg', 'success'))
  expect(await statusOf(tracker)).toMatchObject({
    status: 'success',
    extensions: [{ settledAt: '2010-01-01T00:00:00.000Z' }],
  })
})

test('of sixty concurrent identical webhooks one is applied, and all get 200', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const responses = await Promise.all(
    Array.from({ length: 60 }, () => deliver(webhookUrl, payload('remove-bg', 'success'))),
  )
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]))
  const outcomes = responses.map(({ json }) => json['outcome'])
  expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1)
  expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(59)
})

test('of sixty concurrent contradicting webhooks one is applied, and one is contradicted', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const results = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? 'success' : 'failure'))
  const responses = await Promise.all(
    results.map((result) => deliver(webhookUrl, payload('remove-bg', result))),
  )
  const count = (outcome: string) => responses.filter(({ json }) => json['outcome'] === outcome).length
  expect([count('applied'), count('contradicted'), count('duplicate')]).toEqual([1, 1, 58])
  const applied = results[responses.findIndex(({ json }) => json['outcome'] === 'applied')]
  expect((await statusOf(tracker)).status).toBe(applied === 'success' ? 'success' : 'failed')
})
