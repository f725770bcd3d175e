import { expect, test } from 'vitest'
import { readText } from '../support/html.ts'
import { ask } from '../support/operator.ts'
import { signIn } from '../support/operator-browser.ts'
import { accountEvent, deliverEvent, ikHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { API_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, movedTo, payload, register, statusOf } from '../support/webhooks.ts'

const REPLAY = '/deliveries/replay'
const ZEROS = { applied: 0, duplicate: 0, contradicted: 0, ignored: 0, rejected: 0 }
const EVENT = accountEvent('file-updated')

const replay = (tracker: RunningTracker, body: object) =>
  ask(tracker, REPLAY, { method: 'POST', body: { outcome: 'rejected', ...body } })

type RejectedDelivery = { deliveryId: string; outcome: string; cause: string | null }

async function listRejected(tracker: RunningTracker): Promise<RejectedDelivery[]> {
  const { json } = await ask<{ deliveries: RejectedDelivery[] }>(tracker, '/deliveries?outcome=rejected')
  return json.deliveries
}

/**
 * Starts a tracker whose token secret was wrong for a while and has been corrected. While it was wrong, five extension webhooks were
 * rejected, one a minute, and then an account webhook, because IMAGEKIT_WEBHOOK_SECRET is not set.
 */
async function startCorrected() {
  const startedAt = Date.parse('2026-11-01T12:00:00.000Z')
  let now = startedAt
  const clock = () => now
  const secret = { TRACKER_TOKEN_SECRET: 'the-old-token-secret' }
  const first = await startTracker(secret, { clock })
  const { webhookUrl } = await register(first, ['remove-bg', 'ai-tasks'])
  await first.service.stop()
  const wrong = await startTracker(
    { TRACKER_TOKEN_SECRET: 'the-new-token-secret' },
    { clock },
    first.database,
  )
  // Their outcomes, once the secret is corrected: applied, duplicate, contradicted, applied, and ignored, because it was not requested.
  const bodies = [
    payload('remove-bg', 'success'),
    payload('remove-bg', 'success'),
    payload('remove-bg', 'failure'),
    payload('ai-tasks', 'failure'),
    { service: 'google-auto-tagging', status: 'FAILURE', fileId: FILE_ID, error: {} },
  ]
  for (const body of bodies) {
    expect((await deliver(movedTo(wrong, webhookUrl), body)).status).toBe(401)
    now += 60_000
  }
  expect((await deliverEvent(wrong, EVENT, ikHeaders(EVENT, { at: now }))).status).toBe(401)
  await wrong.service.stop()
  const tracker = await startTracker(secret, { clock }, first.database)
  return { tracker, startedAt }
}

const minutesAfter = (startedAt: number, minutes: number) =>
  new Date(startedAt + minutes * 60_000).toISOString()

test('one request replays all rejected deliveries, the oldest first; a dry run before it changes nothing', async () => {
  const { tracker } = await startCorrected()
  const expected = {
    total: 6,
    byOutcome: { applied: 2, duplicate: 1, contradicted: 1, ignored: 1, rejected: 1 },
  }
  for (let count = 0; count < 2; count += 1) {
    const preview = await replay(tracker, { dryRun: true })
    expect(preview).toMatchObject({ status: 200, json: expected })
  }
  expect((await statusOf(tracker)).status).toBe('pending')
  expect((await ask(tracker, '/audit')).json).toMatchObject({ entries: [] })
  const before = await listRejected(tracker)

  const replayed = await replay(tracker, { reason: 'the secret is back' })
  expect(replayed).toMatchObject({ status: 200, json: expected })
  expect((await statusOf(tracker)).extensionStatus).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'failed' })
  expect(await listRejected(tracker)).toMatchObject([{ outcome: 'rejected', cause: 'no_secret' }])
  expect((await ask(tracker, '/audit')).json).toMatchObject({
    entries: [
      {
        kind: 'replay',
        subject: null,
        reason: 'the secret is back',
        details: { deliveryIds: before.map(({ deliveryId }) => deliveryId).toReversed() },
      },
    ],
  })
  const browser = await signIn(tracker)
  expect(readText((await browser.get('/admin/audit')).html)).toContain('operator replayed 6 webhooks')
  expect((await replay(tracker, {})).json).toEqual({ total: 1, byOutcome: { ...ZEROS, rejected: 1 } })
})

test('a replay can be limited to a cause, to a period of arrival and to a number of deliveries', async () => {
  const { tracker, startedAt } = await startCorrected()
  const preview = async (body: object) => (await replay(tracker, { dryRun: true, ...body })).json
  expect(await preview({ cause: 'no_secret' })).toEqual({ total: 1, byOutcome: { ...ZEROS, rejected: 1 } })
  expect(await preview({ cause: 'bad_signature' })).toEqual({ total: 0, byOutcome: ZEROS })
  // Only the fourth webhook arrived in this minute: `until` is exclusive.
  expect(await preview({ since: minutesAfter(startedAt, 3), until: minutesAfter(startedAt, 4) })).toEqual({
    total: 1,
    byOutcome: { ...ZEROS, applied: 1 },
  })
  expect((await replay(tracker, { limit: 2 })).json).toEqual({
    total: 2,
    byOutcome: { ...ZEROS, applied: 1, duplicate: 1 },
  })
  expect((await statusOf(tracker)).extensionStatus).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'pending' })
})

test('account webhooks can be replayed once IMAGEKIT_WEBHOOK_SECRET is corrected', async () => {
  const now = Date.now()
  const clock = () => now
  const wrong = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: 'whsec_wrong_secret' }, { clock })
  await register(wrong, ['remove-bg'])
  for (const _ of [1, 2]) await deliverEvent(wrong, EVENT, ikHeaders(EVENT, { at: now }))
  await wrong.service.stop()
  const tracker = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }, { clock }, wrong.database)
  const expected = { total: 2, byOutcome: { ...ZEROS, applied: 1, duplicate: 1 } }
  expect((await replay(tracker, { dryRun: true })).json).toEqual(expected)
  expect((await replay(tracker, { cause: 'bad_signature' })).json).toEqual(expected)
})

test('only rejected deliveries can be replayed by a filter, and only with the admin key', async () => {
  const tracker = await startTracker()
  for (const body of [{}, { outcome: 'applied' }, { outcome: 'rejected', causes: 'no_secret' }])
    expect((await ask(tracker, REPLAY, { method: 'POST', body })).status).toBe(400)
  for (const body of [{ limit: 0 }, { since: 'yesterday' }, { cause: 'unknown' }])
    expect((await replay(tracker, body)).status).toBe(400)
  const body = { outcome: 'rejected' }
  expect((await ask(tracker, REPLAY, { method: 'POST', body, key: API_KEY })).status).toBe(403)
  expect((await ask(tracker, REPLAY)).status).toBe(405)
  expect((await replay(tracker, {})).json).toEqual({ total: 0, byOutcome: ZEROS })
})
