import { expect, test } from 'vitest'
import { numberOf } from '../../src/domain/ids.ts'
import { ROUTE } from '../../src/store/sql/codes.ts'
import { createCapabilityTokens } from '../../src/tracking/capability-tokens.ts'
import { copyTables, numbered, runSql } from '../support/database.ts'
import { ask } from '../support/operator.ts'
import { ikHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, movedTo, payload, register, statusOf } from '../support/webhooks.ts'
import { MINUTE, startAlerting } from './alerting.ts'
import { movingClock } from './reconcile-setup.ts'

const ENV = { TRACKER_TOKEN_SECRET: 'the-token-secret-of-both-databases' }
const SUCCESS = payload('remove-bg', 'success')

type ListedDelivery = {
  deliveryId: string
  outcome: string
  cause: string | null
  submissionId: string | null
}

async function listDeliveries(tracker: RunningTracker): Promise<ListedDelivery[]> {
  return (await ask<{ deliveries: ListedDelivery[] }>(tracker, '/deliveries')).json.deliveries
}

/** Registers a submission with one tracker, and starts another with the same secret on an empty database. */
async function startOnWrongDatabase() {
  const correct = await startTracker(ENV)
  const { submissionId, webhookUrl } = await register(correct, ['remove-bg'])
  const wrong = await startTracker(ENV)
  return { correct, wrong, submissionId, webhookUrl, wrongUrl: movedTo(wrong, webhookUrl) }
}

/** Copies the submissions and runs of one tracker into the database of another, as a restore would. Stop both trackers first. */
function restoreSubmissions(from: RunningTracker, to: RunningTracker): Promise<void> {
  return copyTables(from.database, to.database, ['submissions', 'runs', 'current_runs'])
}

test('a webhook for a submission that is neither in the database nor forgotten returns 503 and is stored as rejected', async () => {
  const { wrong, submissionId, wrongUrl } = await startOnWrongDatabase()
  const { status, headers, json } = await deliver(wrongUrl, SUCCESS)
  expect(status).toBe(503)
  expect(json).toMatchObject({ code: 'unknown_submission', status: 503 })
  expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
  await expect
    .poll(() => listDeliveries(wrong))
    .toMatchObject([{ outcome: 'rejected', cause: 'unknown_submission', submissionId }])
  const [rejected] = await listDeliveries(wrong)
  const { json: stored } = await ask(wrong, `/deliveries/${rejected?.deliveryId}`)
  expect(stored).toMatchObject({ body: JSON.stringify(SUCCESS) })
  expect((await ask(wrong, `/assets/${FILE_ID}/status`)).status).toBe(404)
})

test('a webhook is not applied to another submission that has the same number in this database', async () => {
  const { wrong, submissionId, wrongUrl } = await startOnWrongDatabase()
  const other = await register(wrong, ['remove-bg'])
  expect(numberOf(other.submissionId)).toBe(numberOf(submissionId))
  expect(await deliver(wrongUrl, SUCCESS)).toMatchObject({
    status: 503,
    json: { code: 'unknown_submission' },
  })
  expect((await statusOf(wrong)).status).toBe('pending')
  await expect
    .poll(() => listDeliveries(wrong))
    .toMatchObject([{ cause: 'unknown_submission', submissionId }])
  expect(await deliver(other.webhookUrl, SUCCESS)).toMatchObject({
    status: 200,
    json: { outcome: 'applied' },
  })
})

test.each(['0190a5f2-7d9c-7c3e-9a55-2f6c1d1e4b11', 'sub_1', 'sub_01_AAAAAAAAAAA', 'run_1_AAAAAAAAAAA', ''])(
  'a valid token for "%s", which is not a submission id, returns 503',
  async (subject) => {
    const tracker = await startTracker(ENV)
    await register(tracker, ['remove-bg'])
    const { webhook } = createCapabilityTokens([ENV.TRACKER_TOKEN_SECRET])
    const { status, json } = await deliver(
      `${tracker.url}/webhooks/extension/${subject}.${webhook.sign(subject)}`,
      SUCCESS,
    )
    expect([status, json['code']]).toEqual([503, 'unknown_submission'])
  },
)

test("ImageKit's retry settles the run once the correct database is back", async () => {
  const { correct, wrongUrl, webhookUrl } = await startOnWrongDatabase()
  expect((await deliver(wrongUrl, SUCCESS)).status).toBe(503)
  expect(await deliver(webhookUrl, SUCCESS)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
  expect((await statusOf(correct)).status).toBe('success')
})

test('a retry with the signature of the first attempt is not rejected as stale', async () => {
  const { clock, advance } = movingClock()
  const secrets = { IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET, REQUIRE_EXTENSION_SIGNATURE: 'true' }
  const { webhookUrl } = await register(await startTracker({ ...ENV, ...secrets }), ['remove-bg'])
  const wrong = await startTracker({ ...ENV, ...secrets }, { clock })
  const text = JSON.stringify(SUCCESS)
  const signed = ikHeaders(text, { at: clock() })
  expect((await deliver(movedTo(wrong, webhookUrl), text, signed)).status).toBe(503)
  // A signature is stale after five minutes, and a stale one would get 401.
  advance(10 * MINUTE)
  expect((await deliver(movedTo(wrong, webhookUrl), text, signed)).status).toBe(503)
})

test('a rejected delivery can be replayed once its submission is restored, but not before', async () => {
  const { correct, wrong, wrongUrl } = await startOnWrongDatabase()
  expect((await deliver(wrongUrl, SUCCESS)).status).toBe(503)
  await expect.poll(() => listDeliveries(wrong)).toHaveLength(1)
  const [rejected] = await listDeliveries(wrong)
  const init = { method: 'POST' }
  const earlyReplay = await ask(wrong, `/deliveries/${rejected?.deliveryId}/replay`, init)
  expect(earlyReplay.status).toBe(422)
  await correct.service.stop()
  await wrong.service.stop()
  await restoreSubmissions(correct, wrong)
  const restored = await wrong.restart()
  expect((await statusOf(restored)).status).toBe('pending')
  const lateReplay = await ask(restored, `/deliveries/${rejected?.deliveryId}/replay`, init)
  expect(lateReplay).toMatchObject({ status: 200, json: { outcome: 'applied' } })
  expect((await statusOf(restored)).status).toBe('success')
})

test('a webhook for the submission of a forgotten asset gets 200, and is ignored', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect((await ask(tracker, `/assets/${FILE_ID}`, { method: 'DELETE' })).status).toBe(204)
  expect(await deliver(webhookUrl, SUCCESS)).toMatchObject({ status: 200, json: { outcome: 'ignored' } })
})

test('doctor fails on webhooks for unknown submissions, even after 3,000 other rejections', async () => {
  const { wrong, wrongUrl } = await startOnWrongDatabase()
  expect((await deliver(wrongUrl, SUCCESS)).status).toBe(503)
  await wrong.service.stop()
  // The other rejections are newer than the webhook's: their `n` is higher.
  await runSql(
    wrong.database,
    `INSERT INTO rejected_deliveries (n, chk, route, received_at, cause, proven, headers, bytes, stored_bytes, body)
     SELECT 100 + n.i, 'AAAAAAAAAAA', ${ROUTE.to.account}, ${Date.now()}, 'no_secret', 0, '{}', 0, 0, '' FROM ${numbered(3000)}`,
  )
  const { json } = await ask<{ checks: { level: string; message: string; remedy: string | null }[] }>(
    await wrong.restart(),
    '/doctor',
  )
  const failed = json.checks.filter(({ message }) => message.includes('unknown_submission'))
  expect(failed).toMatchObject([
    { level: 'fail', message: '1 in the last 24 h: unknown_submission', remedy: expect.any(String) },
  ])
  expect(failed[0]?.remedy).toMatch(/volume/)
  expect(failed[0]?.remedy).toMatch(/backup/)
})

test('an alert fires when webhooks for unknown submissions arrive, and resolves after an hour without one', async () => {
  const { webhookUrl } = await register(await startTracker(ENV), ['remove-bg'])
  const { tracker, advance, messages, nextCheck } = await startAlerting(ENV)
  await nextCheck()
  expect(messages()).toEqual([])
  expect((await deliver(movedTo(tracker, webhookUrl), SUCCESS)).status).toBe(503)
  const url = `${tracker.url}/admin/deliveries?outcome=rejected`
  await expect
    .poll(messages, { timeout: 3_000 })
    .toMatchObject([{ alert: 'unknown_submission', state: 'firing', extension: null, count: 1, url }])
  advance(59 * MINUTE)
  await nextCheck()
  expect(messages()).toHaveLength(1)
  advance(2 * MINUTE)
  await expect.poll(() => messages().map(({ state }) => state)).toEqual(['firing', 'resolved'])
})
