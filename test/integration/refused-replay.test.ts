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

type Row = { id: string; cause: string; bytes: number; kept: number }

/** Stops the tracker, so that all is written, and tells of its refused deliveries. */
async function stopAndList(tracker: RunningTracker): Promise<Row[]> {
  await tracker.service.stop()
  return readRows<Row>(
    tracker.database,
    "SELECT 'dlv_' || n || '_' || chk AS id, cause, bytes, kept_bytes AS kept FROM rejected_deliveries ORDER BY n",
  )
}

test('a delivery refused for want of the right secret is applied once the secret is corrected, under its own id', async () => {
  let now = Date.now()
  const clock = () => now
  const wrong = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: 'whsec_wrong_secret' }, { clock })
  await register(wrong, ['remove-bg'])
  expect((await deliverEvent(wrong, BODY, ikHeaders(BODY, { at: now }))).status).toBe(401)
  const [refused] = await stopAndList(wrong)
  expect(refused).toMatchObject({ cause: 'bad_signature', bytes: BODY.length, kept: BODY.length })
  const id = refused?.id ?? ''

  // By then the signature is long out of its tolerance: it counts when the delivery came.
  now += 3_600_000
  const mended = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }, { clock }, wrong.database)
  const answer = await replay(mended, id)
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({ outcome: 'applied' })
  const receivedAt = new Date(now - 3_600_000).toISOString()
  const applied = { deliveryId: id, route: 'account', outcome: 'applied', cause: null, receivedAt }
  expect((await ask(mended, `/deliveries/${id}`)).json).toMatchObject({ ...applied, body: BODY })
  expect((await ask(mended, '/deliveries')).json).toMatchObject({ deliveries: [applied] })
  expect((await ask(mended, '/audit')).json).toMatchObject({ acts: [{ kind: 'replay', subject: id }] })
  expect(await (await replay(mended, id)).json()).toEqual({ outcome: 'duplicate' })
  expect((await ask(mended, `/deliveries/${id}`)).json).toMatchObject(applied)
  expect(await stopAndList(mended)).toEqual([])
})

test('a webhook whose token was not ours is applied once the secret of the tokens is back', async () => {
  const secret = { TRACKER_TOKEN_SECRET: 'the-old-token-secret' }
  const first = await startTracker(secret)
  const { webhookUrl } = await register(first, ['remove-bg'])
  await first.service.stop()
  const lost = await startTracker({ TRACKER_TOKEN_SECRET: 'the-new-token-secret' }, {}, first.database)
  expect((await deliver(movedTo(lost, webhookUrl), payload('remove-bg', 'success'))).status).toBe(401)
  const [refused] = await stopAndList(lost)
  expect(refused).toMatchObject({ cause: 'forged_token' })

  const mended = await startTracker(secret, {}, first.database)
  const answers = await Promise.all([1, 2, 3].map(() => replay(mended, refused?.id ?? '')))
  const outcomes = await Promise.all(answers.map((answer) => answer.text()))
  expect(outcomes.filter((text) => text === '{"outcome":"applied"}')).toHaveLength(1)
  for (const { status } of answers) expect([200, 404, 422]).toContain(status)
  expect((await ask(mended, `/deliveries/${refused?.id}`)).json).toMatchObject({ outcome: 'applied' })
  expect((await statusOf(mended)).status).toBe('success')
})

test('what is still refused is answered 422, says why, and stays', async () => {
  const tracker = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: 'whsec_wrong_secret' })
  await deliverEvent(tracker, BODY)
  const [refused] = await stopAndList(tracker)
  const again = await tracker.restart()
  const answer = await replay(again, refused?.id ?? '')
  expect(answer.status).toBe(422)
  expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('does not fit any secret') })
  expect(await stopAndList(again)).toEqual([refused])
})

test('a delivery whose body was cut cannot be replayed', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect((await deliver(webhookUrl, ' '.repeat(1024 * 1024 + 1))).status).toBe(413)
  const outgoing = request(`${tracker.url}/webhooks/extension/x.y`, { method: 'POST' })
  outgoing.on('error', () => {})
  outgoing.write(JSON.stringify(payload('remove-bg', 'success')))
  await new Promise((resolve) => outgoing.once('response', resolve))
  outgoing.destroy()
  const refused = await stopAndList(tracker)
  expect(refused.map(({ cause }) => cause)).toEqual(['too_large', 'forged_token'])
  const again = await tracker.restart()
  for (const { id, bytes, kept } of refused) {
    expect(bytes).toBeGreaterThan(kept)
    const answer = await replay(again, id)
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('not kept whole') })
  }
})

test('only an operator may replay, and only what is kept', async () => {
  const tracker = await startTracker()
  const path = `/deliveries/${randomUUID()}/replay`
  expect((await fetch(tracker.url + path, { method: 'POST' })).status).toBe(401)
  expect((await replay(tracker, randomUUID(), 'no-key-of-anybody-at-all')).status).toBe(401)
  expect((await replay(tracker, randomUUID(), API_KEY)).status).toBe(403)
  expect((await replay(tracker, randomUUID())).status).toBe(404)
  expect((await replay(tracker, '%00')).status).toBe(404)
})
