import { expect, test } from 'vitest'
import type { Environment } from '../../src/config/variables.ts'
import { readRows } from '../support/database.ts'
import { ask, listRuns } from '../support/operator.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, movedTo, register, statusOf } from '../support/webhooks.ts'
import { movingClock } from './reconcile-setup.ts'

const HOUR = 3_600_000
/** No run becomes overdue, so none is looked up at ImageKit, and none expires. */
const ENV = { RECONCILE_AFTER: '1000d', RETENTION: '1h' }

const successOf = (fileId: string) => ({ service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId } })

async function registerAndSettle(tracker: RunningTracker, fileId: string) {
  const registered = await register(tracker, ['remove-bg'], fileId)
  expect((await deliver(registered.webhookUrl, successOf(fileId))).json).toEqual({ outcome: 'applied' })
  return registered
}

/**
 * Starts a tracker with submissions that are 27 hours old (`old`, `pending`, `replaced`) and 14 hours old (`replacing`, `young`). The
 * clock stays trusted, because it is never more than a day past the last trusted time.
 */
async function startWithOldSubmissions(env: Environment) {
  const { clock, advance } = movingClock()
  const first = await startTracker({ ...ENV, ...env }, { clock })
  const old = await registerAndSettle(first, 'old')
  const pending = await register(first, ['remove-bg'], 'pending')
  const replaced = await registerAndSettle(first, 'replaced')
  advance(13 * HOUR)
  const second = await first.restart()
  const replacing = await registerAndSettle(second, 'replaced')
  const young = await registerAndSettle(second, 'young')
  const readTrustedTime = async () => {
    const sql = `SELECT value FROM metadata WHERE name = 'clock_trusted_at'`
    return (await readRows<{ value: number }>(second.database, sql))[0]?.value
  }
  // The next jump must end less than a day past the trusted time, so the pruner has to record a newer one first.
  await expect.poll(readTrustedTime).toBeGreaterThan(clock() - HOUR)
  advance(14 * HOUR)
  const tracker = await second.restart()
  return { tracker, old, pending, replaced, replacing, young }
}

const statusCode = async (tracker: RunningTracker, path: string) => (await tracker.fetch(path)).status

async function readLists(tracker: RunningTracker) {
  const { json: stats } = await ask<{ byStatus: object }>(tracker, '/stats?window=48h')
  const { json } = await ask<{ deliveries: { submissionId: string }[] }>(tracker, '/deliveries')
  const runs = await listRuns(tracker)
  return {
    byStatus: stats.byStatus,
    runs: runs.map(({ submissionId }) => submissionId),
    deliveries: json.deliveries.map(({ submissionId }) => submissionId),
  }
}

test('with RETENTION_RUNS, older submissions without pending runs are deleted, and lists, counts and statuses agree', async () => {
  const { tracker, old, pending, replaced, replacing, young } = await startWithOldSubmissions({
    RETENTION_RUNS: '26h',
  })
  await expect.poll(() => statusCode(tracker, '/assets/old/status')).toBe(404)
  await expect.poll(() => statusCode(tracker, `/submissions/${replaced.submissionId}`)).toBe(404)
  expect(await statusCode(tracker, `/submissions/${old.submissionId}`)).toBe(404)
  expect(await statusOf(tracker, 'pending')).toMatchObject({ status: 'pending' })
  for (const [fileId, { submissionId }] of [
    ['replaced', replacing],
    ['young', young],
  ] as const)
    expect(await statusOf(tracker, fileId)).toMatchObject({
      status: 'success',
      extensions: [{ name: 'remove-bg', submissionId }],
    })
  expect(await readLists(tracker)).toEqual({
    byStatus: { pending: 1, success: 2, failed: 0, expired: 0 },
    runs: [young, replacing, pending].map(({ submissionId }) => submissionId),
    deliveries: [young, replacing].map(({ submissionId }) => submissionId),
  })

  // A webhook for a deleted submission is handled like one for an unknown submission.
  const late = await deliver(movedTo(tracker, old.webhookUrl), successOf('old'))
  expect(late).toMatchObject({ status: 503, json: { code: 'unknown_submission' } })
  expect((await deliver(movedTo(tracker, pending.webhookUrl), successOf('pending'))).status).toBe(200)
  expect(await statusOf(tracker, 'pending')).toMatchObject({ status: 'success' })
})

test('without RETENTION_RUNS, the bodies of deliveries are pruned, but every submission is kept', async () => {
  const { tracker, old, pending, replaced, replacing, young } = await startWithOldSubmissions({})
  const bodies = () => readRows(tracker.database, 'SELECT n FROM delivery_bodies')
  await expect.poll(bodies).toEqual([])
  expect(await statusOf(tracker, 'old')).toMatchObject({ status: 'success' })
  expect(await readLists(tracker)).toEqual({
    byStatus: { pending: 1, success: 4, failed: 0, expired: 0 },
    runs: [young, replacing, replaced, pending, old].map(({ submissionId }) => submissionId),
    deliveries: [young, replacing, replaced, old].map(({ submissionId }) => submissionId),
  })
  const late = await deliver(movedTo(tracker, old.webhookUrl), successOf('old'))
  expect(late.json).toEqual({ outcome: 'duplicate' })
})
