import { expect, test } from 'vitest'
import { breakWrites } from '../support/database.ts'
import { accountEvent, deliverEvent, ikHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, movedTo, payload, register, statusOf } from '../support/webhooks.ts'
import { movingClock, rowsOf } from './reconcile-setup.ts'

// Known failures of other webhook receivers: their response made the sender give up or revealed internals, they rejected a genuine event,
// they trusted a forged one, they applied a repeat again, or they acknowledged a webhook before it was stored.

const SIGNED = { IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }
const SUCCESS = payload('remove-bg', 'success')
const MINUTE = 60_000

test('events and webhooks of an unknown kind are accepted and stored, because senders give up after rejections', async () => {
  const tracker = await startTracker(SIGNED)
  const event = accountEvent('file-updated', { type: 'file.frozen' })
  expect(await deliverEvent(tracker, event)).toMatchObject({ status: 200 })
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  for (const delivery of [{ ...SUCCESS, status: 'PAUSED' }, { news: 'of another shape' }])
    expect(await deliver(webhookUrl, delivery)).toMatchObject({ status: 200, json: { outcome: 'ignored' } })
  expect(await rowsOf(tracker, 'SELECT count(*) AS stored FROM delivery_bodies')).toEqual([{ stored: 3 }])
  expect((await statusOf(tracker)).status).toBe('pending')
})

test('a delivery that cannot be stored gets 503, not a 4xx, and the response does not reveal the cause', async () => {
  const tracker = await startTracker(SIGNED)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  await breakWrites(tracker.database, 'deliveries')
  const responses = [
    await deliver(webhookUrl, SUCCESS),
    await deliverEvent(tracker, accountEvent('file-updated')),
  ]
  for (const { status, headers, json } of responses) {
    expect(status).toBe(503)
    expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
    expect(JSON.stringify(json)).not.toMatch(/disk|sqlite|trigger/i)
  }
})

test('a body that is too large gets 413: it is not truncated and then rejected for its signature', async () => {
  const tracker = await startTracker(SIGNED)
  const event = accountEvent('file-updated', { padding: 'x'.repeat(1024 * 1024) })
  const body = new Blob([event]).stream()
  const headers = { 'content-type': 'application/json', ...ikHeaders(event) }
  const init = { method: 'POST', headers, body, duplex: 'half' } as const
  expect((await fetch(`${tracker.url}/webhooks/account`, init)).status).toBe(413)
})

test('a signature is verified over the received bytes, not over reserialised JSON', async () => {
  const tracker = await startTracker(SIGNED)
  const event = ` ${accountEvent('file-updated').replace('"type"', '"n": 1.0, "note": "\\u00fc\\/",\t"type"')}\n`
  expect(JSON.stringify(JSON.parse(event))).not.toBe(event)
  expect((await deliverEvent(tracker, event)).status).toBe(200)
  const rewritten = JSON.stringify(JSON.parse(event))
  expect((await deliverEvent(tracker, rewritten, ikHeaders(event))).status).toBe(401)
})

test('without a webhook secret every event is rejected', async () => {
  const tracker = await startTracker()
  const event = accountEvent('file-updated')
  // Code that turns a missing secret into a string verifies with the secret 'undefined'.
  for (const headers of [{}, ikHeaders(event), ikHeaders(event, { secret: 'undefined' })])
    expect((await deliverEvent(tracker, event, headers)).status).toBe(401)
  // Rejected deliveries are stored in another table.
  expect(await rowsOf(tracker, 'SELECT * FROM deliveries')).toEqual([])
})

test('a signature whose time is more than five minutes ahead is rejected like one that is too old', async () => {
  const tracker = await startTracker(SIGNED)
  const event = accountEvent('file-updated')
  for (const minutes of [-6, 6, 600]) {
    const headers = ikHeaders(event, { at: Date.now() + minutes * MINUTE })
    expect((await deliverEvent(tracker, event, headers)).status).toBe(401)
  }
})

test('check-then-write race: of many concurrent repeats exactly one is applied', async () => {
  const tracker = await startTracker(SIGNED)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const event = accountEvent('file-updated')
  const countOutcomes = async (send: () => ReturnType<typeof deliver>) => {
    const responses = await Promise.all(Array.from({ length: 40 }, send))
    const outcomes = responses.map(({ json }) => json['outcome'])
    return ['applied', 'duplicate'].map((outcome) => outcomes.filter((other) => other === outcome).length)
  }
  expect(await countOutcomes(() => deliverEvent(tracker, event))).toEqual([1, 39])
  expect(await countOutcomes(() => deliver(webhookUrl, SUCCESS))).toEqual([1, 39])
})

test('a repeat is recognised years later, after the body of the first delivery was pruned', async () => {
  const { clock, advance } = movingClock()
  const tracker = await startTracker({ ...SIGNED, RETENTION: '1ms' }, { clock })
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const event = accountEvent('file-updated')
  expect((await deliverEvent(tracker, event)).json).toEqual({ outcome: 'applied' })
  expect((await deliver(webhookUrl, SUCCESS)).json).toEqual({ outcome: 'applied' })
  const before = await statusOf(tracker)

  const pruned = await tracker.restart()
  await expect.poll(() => rowsOf(pruned, 'SELECT * FROM delivery_bodies')).toEqual([])
  advance(3 * 365 * 24 * 60 * MINUTE)
  const restarted = await pruned.restart()
  const url = movedTo(restarted, webhookUrl)
  expect((await deliver(url, SUCCESS)).json).toEqual({ outcome: 'duplicate' })
  const signedAnew = ikHeaders(event, { at: clock() })
  expect((await deliverEvent(restarted, event, signedAnew)).json).toEqual({ outcome: 'duplicate' })
  expect(await statusOf(restarted)).toEqual(before)
})

test('acknowledge before write: when 200 arrives, the delivery and its effect are on disk', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks'])
  for (const delivery of [SUCCESS, payload('ai-tasks', 'failure')]) {
    expect((await deliver(webhookUrl, delivery)).status).toBe(200)
    const rows = await rowsOf(
      tracker,
      'SELECT r.status, d.outcome FROM runs r JOIN deliveries d ON d.n = r.settled_by ORDER BY d.n',
    )
    expect(rows.at(-1)).toEqual({ status: delivery === SUCCESS ? 'success' : 'failed', outcome: 'applied' })
  }
})
