import { expect, test } from 'vitest'
import { IMAGEKIT_KEY, startTrackerAndSandbox } from '../support/tracker.ts'
import { deliver, statusOf } from '../support/webhooks.ts'
import {
  EAGER,
  movingClock,
  reconcileNow,
  rowsOf,
  uploadWith,
  WITHOUT_RECONCILER,
  webhookUrlOf,
} from './reconcile-setup.ts'

const LOST = { tags: 'sandbox:webhook=drop,sandbox:delay=10' }

test('a run whose webhook was lost is settled by evidence, and waiting requests get the result', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox(EAGER)
  const names = ['aws-auto-tagging', 'remove-bg', 'ai-auto-description']
  const { fileId } = await uploadWith(tracker, names, LOST)

  const waited = await tracker.fetch(`/assets/${fileId}/status?wait=15`)
  expect(await waited.json()).toMatchObject({
    status: 'success',
    extensions: names.map((name) => ({
      name,
      status: 'success',
      source: 'reconcile',
      settledAt: expect.any(String),
      error: null,
    })),
  })
  expect(sandbox.deliveries()).toEqual([])
})

test('the stored evidence of a run contains the values before and after', async () => {
  const { tracker } = await startTrackerAndSandbox(EAGER)
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging', 'remove-bg', 'ai-auto-description'], LOST)
  await tracker.fetch(`/assets/${fileId}/status?wait=15`)
  const restarted = await tracker.restart()

  const stored = await rowsOf<{ name: string; evidence: string }>(
    restarted,
    'SELECT name, evidence FROM runs ORDER BY n',
  )
  expect(Object.fromEntries(stored.map(({ name, evidence }) => [name, JSON.parse(evidence)]))).toEqual({
    'aws-auto-tagging': { kind: 'new_ai_tags', source: 'aws-auto-tagging', before: [], now: ['Image'] },
    'remove-bg': {
      kind: 'newer_version',
      before: { id: fileId, name: 'Version 1' },
      now: { id: expect.any(String), name: 'Version 2' },
    },
    // The sandbox describes a file that is not an image by its type and size.
    'ai-auto-description': { kind: 'new_description', before: null, now: expect.stringContaining('5 bytes') },
  })
})

test('ai-tasks leave no evidence: their runs expire, and a late webhook still settles them', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox({ ...EAGER, EXPIRE_AFTER: '300ms' })
  const { fileId } = await uploadWith(tracker, ['ai-tasks'], LOST)

  const waited = await tracker.fetch(`/assets/${fileId}/status?wait=15`)
  expect(await waited.json()).toMatchObject({
    status: 'expired',
    extensions: [{ status: 'expired', source: 'expiry', settledAt: null, error: null }],
  })
  expect(await rowsOf(tracker, 'SELECT evidence FROM runs')).toEqual([{ evidence: '{"kind":"timed_out"}' }])

  const late = { service: 'ai-tasks', status: 'SUCCESS', fileObject: { fileId } }
  expect(await deliver(webhookUrlOf(sandbox), late)).toMatchObject({
    status: 200,
    json: { outcome: 'applied' },
  })
  expect(await statusOf(tracker, fileId)).toMatchObject({
    status: 'success',
    extensions: [{ status: 'success', source: 'webhook', settledAt: expect.any(String) }],
  })
})

test('a run without evidence stays pending until EXPIRE_AFTER has passed, and then expires; a late webhook still settles it', async () => {
  const { clock, advance } = movingClock()
  const { tracker, sandbox } = await startTrackerAndSandbox({ ...EAGER, EXPIRE_AFTER: '25h' }, { clock })
  const { fileId } = await uploadWith(tracker, ['remove-bg'], {
    tags: 'sandbox:remove-bg=failed,sandbox:webhook=drop',
  })
  advance(24 * 3_600_000)
  expect(await reconcileNow(tracker)).toMatchObject({ stoppedBy: null })
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })

  advance(2 * 3_600_000)
  const waited = await tracker.fetch(`/assets/${fileId}/status?wait=15`)
  expect(await waited.json()).toMatchObject({ status: 'expired' })

  const late = { service: 'remove-bg', status: 'FAILURE', fileId, error: { message: 'No foreground.' } }
  await deliver(webhookUrlOf(sandbox), late)
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'failed' })
})

test('the runs of a deleted file expire at the next check, long before EXPIRE_AFTER has passed', async () => {
  const { tracker, sandboxUrl } = await startTrackerAndSandbox(EAGER)
  const { fileId } = await uploadWith(tracker, ['remove-bg', 'ai-tasks'], {
    tags: 'sandbox:remove-bg=pending,sandbox:ai-tasks=pending',
  })
  const authorization = `Basic ${Buffer.from(`${IMAGEKIT_KEY}:`).toString('base64')}`
  const deleted = await fetch(`${sandboxUrl}/v1/files/${fileId}`, {
    method: 'DELETE',
    headers: { authorization },
  })
  expect(deleted.status).toBe(204)

  const waited = await tracker.fetch(`/assets/${fileId}/status?wait=15`)
  expect(await waited.json()).toMatchObject({
    extensionStatus: { 'remove-bg': 'expired', 'ai-tasks': 'expired' },
    extensions: [
      { source: 'expiry', settledAt: null },
      { source: 'expiry', settledAt: null },
    ],
  })
  expect(await rowsOf(tracker, 'SELECT evidence FROM runs')).toEqual([
    { evidence: '{"kind":"asset_gone"}' },
    { evidence: '{"kind":"asset_gone"}' },
  ])
})

test('a settled run is not checked, so evidence does not change it', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox(WITHOUT_RECONCILER)
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'], LOST)
  const failure = { service: 'aws-auto-tagging', status: 'FAILURE', fileId, error: { message: 'No.' } }
  await deliver(webhookUrlOf(sandbox), failure)

  expect((await reconcileNow(tracker)).runs).toEqual([])
  expect(await statusOf(tracker, fileId)).toMatchObject({
    status: 'failed',
    extensions: [{ source: 'webhook' }],
  })
})
