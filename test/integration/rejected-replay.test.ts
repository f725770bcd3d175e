import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { ask } from '../support/operator.ts'
import { accountEvent, deliverEvent, ikHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { ADMIN_KEY, API_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, movedTo, payload, register, statusOf } from '../support/webhooks.ts'

const BODY = accountEvent('file-updated')

function replay(tracker: RunningTracker, deliveryId: string, key = ADMIN_KEY): Promise<Response> {
  const headers = { authorization: `Bearer ${key}` }
  return tracker.fetch(`/deliveries/${deliveryId}/replay`, { method: 'POST', headers })
}

type Row = { id: string; cause: string; bytes: number; stored: number }

/** Stops the tracker, so that everything is written, and lists its rejected deliveries. */
async function stopAndList(tracker: RunningTracker): Promise<Row[]> {
  await tracker.service.stop()
  return readRows<Row>(
    tracker.database,
    "SELECT 'dlv_' || n || '_' || chk AS id, cause, bytes, stored_bytes AS stored FROM rejected_deliveries ORDER BY n",
  )
}

test('a delivery rejected because of a wrong secret can be applied, under its own id, once the secret is corrected', async () => {
  let now = Date.now()
  const clock = () => now
  const wrong = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: 'whsec_wrong_secret' }, { clock })
  await register(wrong, ['remove-bg'])
  expect((await deliverEvent(wrong, BODY, ikHeaders(BODY, { at: now }))).status).toBe(401)
  const [rejected] = await stopAndList(wrong)
  expect(rejected).toMatchObject({ cause: 'bad_signature', bytes: BODY.length, stored: BODY.length })
  const id = rejected?.id ?? ''

  // The signature is an hour old by now, but its timestamp is compared with the time at which the delivery was received.
  now += 3_600_000
  const corrected = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }, { clock }, wrong.database)
  const response = await replay(corrected, id)
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ outcome: 'applied' })
  const receivedAt = new Date(now - 3_600_000).toISOString()
  const applied = { deliveryId: id, route: 'account', outcome: 'applied', cause: null, receivedAt }
  expect((await ask(corrected, `/deliveries/${id}`)).json).toMatchObject({ ...applied, body: BODY })
  expect((await ask(corrected, '/deliveries')).json).toMatchObject({ deliveries: [applied] })
  expect((await ask(corrected, '/audit')).json).toMatchObject({
    entries: [{ kind: 'replay', subject: id }],
  })
  expect(await (await replay(corrected, id)).json()).toEqual({ outcome: 'duplicate' })
  expect((await ask(corrected, `/deliveries/${id}`)).json).toMatchObject(applied)
  expect(await stopAndList(corrected)).toEqual([])
})

test('a webhook rejected as forged can be applied once the token secret is restored; concurrent replays apply it only once', async () => {
  const secret = { TRACKER_TOKEN_SECRET: 'the-old-token-secret' }
  const first = await startTracker(secret)
  const { webhookUrl } = await register(first, ['remove-bg'])
  await first.service.stop()
  const wrong = await startTracker({ TRACKER_TOKEN_SECRET: 'the-new-token-secret' }, {}, first.database)
  expect((await deliver(movedTo(wrong, webhookUrl), payload('remove-bg', 'success'))).status).toBe(401)
  const [rejected] = await stopAndList(wrong)
  expect(rejected).toMatchObject({ cause: 'forged_token' })

  const corrected = await startTracker(secret, {}, first.database)
  const responses = await Promise.all([1, 2, 3].map(() => replay(corrected, rejected?.id ?? '')))
  const outcomes = await Promise.all(responses.map((response) => response.text()))
  expect(outcomes.filter((text) => text === '{"outcome":"applied"}')).toHaveLength(1)
  // Another replay may repeat the recorded delivery (200). If it began before the first was committed, it may find the rejected
  // delivery gone: when it reads it (404), or when it writes (422).
  for (const { status } of responses) expect([200, 404, 422]).toContain(status)
  expect((await ask(corrected, `/deliveries/${rejected?.id}`)).json).toMatchObject({ outcome: 'applied' })
  expect((await statusOf(corrected)).status).toBe('success')
})

test('a replay that is rejected again gets 422 with the reason, and the delivery stays stored as rejected', async () => {
  const tracker = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: 'whsec_wrong_secret' })
  await deliverEvent(tracker, BODY)
  const [rejected] = await stopAndList(tracker)
  const restarted = await tracker.restart()
  const response = await replay(restarted, rejected?.id ?? '')
  expect(response.status).toBe(422)
  expect(await response.json()).toMatchObject({ detail: expect.stringContaining('matches no secret') })
  expect(await stopAndList(restarted)).toEqual([rejected])
})

test('a delivery whose body was not stored completely cannot be replayed', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect((await deliver(webhookUrl, ' '.repeat(1024 * 1024 + 1))).status).toBe(413)
  // This body never ends. The service waits a second for the rest, responds, and stores nothing of the body.
  const outgoing = request(`${tracker.url}/webhooks/extension/x.y`, { method: 'POST' })
  outgoing.on('error', () => {})
  outgoing.write(JSON.stringify(payload('remove-bg', 'success')))
  await new Promise((resolve) => outgoing.once('response', resolve))
  outgoing.destroy()
  const rejected = await stopAndList(tracker)
  expect(rejected.map(({ cause }) => cause)).toEqual(['too_large', 'forged_token'])
  const restarted = await tracker.restart()
  for (const { id, bytes, stored } of rejected) {
    expect(bytes).toBeGreaterThan(stored)
    const response = await replay(restarted, id)
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('not stored completely') })
  }
})

test('a replay requires the admin key and a stored delivery', async () => {
  const tracker = await startTracker()
  const path = `/deliveries/${randomUUID()}/replay`
  expect((await fetch(tracker.url + path, { method: 'POST' })).status).toBe(401)
  expect((await replay(tracker, randomUUID(), 'an-unknown-key-0123456789')).status).toBe(401)
  expect((await replay(tracker, randomUUID(), API_KEY)).status).toBe(403)
  expect((await replay(tracker, randomUUID())).status).toBe(404)
  expect((await replay(tracker, '%00')).status).toBe(404)
})
