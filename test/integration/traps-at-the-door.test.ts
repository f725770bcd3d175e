import { expect, test } from 'vitest'
import { breakWrites } from '../support/database.ts'
import { accountEvent, deliverEvent, ikHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, movedTo, payload, register, statusOf } from '../support/webhooks.ts'
import { movingClock, rowsOf } from './reconcile-setup.ts'

// Where other receivers of webhooks have answered so that a word was lost, or believed a word that nobody had said.

const SIGNED = { IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }
const SUCCESS = payload('remove-bg', 'success')
const MINUTE = 60_000

test('an event of a kind that nobody knows is taken and kept, for a refusal is repeated until it is given up', async () => {
  const tracker = await startTracker(SIGNED)
  const event = accountEvent('file-updated', { type: 'file.frozen' })
  expect(await deliverEvent(tracker, event)).toMatchObject({ status: 200 })
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  for (const word of [{ ...SUCCESS, status: 'PAUSED' }, { news: 'of another shape' }])
    expect(await deliver(webhookUrl, word)).toMatchObject({ status: 200, json: { outcome: 'ignored' } })
  expect(await rowsOf(tracker, 'SELECT count(*) AS kept FROM delivery_bodies')).toEqual([{ kept: 3 }])
  expect((await statusOf(tracker)).status).toBe('pending')
})

test('trouble of our own is a 503 and never the fault of the sender, and what the trouble was is not told', async () => {
  const tracker = await startTracker(SIGNED)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  await breakWrites(tracker.database, 'deliveries')
  const answers = [
    await deliver(webhookUrl, SUCCESS),
    await deliverEvent(tracker, accountEvent('file-updated')),
  ]
  for (const { status, headers, json } of answers) {
    expect(status).toBe(503)
    expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
    expect(JSON.stringify(json)).not.toMatch(/disk|sqlite|trigger/i)
  }
})

test('a body that is too large is told to be too large: it is not cut and then found to be badly signed', async () => {
  const tracker = await startTracker(SIGNED)
  const event = accountEvent('file-updated', { padding: 'x'.repeat(1024 * 1024) })
  const body = new Blob([event]).stream()
  const headers = { 'content-type': 'application/json', ...ikHeaders(event) }
  const init = { method: 'POST', headers, body, duplex: 'half' } as const
  expect((await fetch(`${tracker.url}/webhooks/account`, init)).status).toBe(413)
})

test('a signature is checked over the bytes that came, not over the JSON as we would have written it', async () => {
  const tracker = await startTracker(SIGNED)
  const event = ` ${accountEvent('file-updated').replace('"type"', '"n": 1.0, "note": "\\u00fc\\/",\t"type"')}\n`
  expect(JSON.stringify(JSON.parse(event))).not.toBe(event)
  expect((await deliverEvent(tracker, event)).status).toBe(200)
  const rewritten = JSON.stringify(JSON.parse(event))
  expect((await deliverEvent(tracker, rewritten, ikHeaders(event))).status).toBe(401)
})

test('a verification that is not set up refuses what it cannot check', async () => {
  const tracker = await startTracker()
  const event = accountEvent('file-updated')
  for (const headers of [{}, ikHeaders(event), ikHeaders(event, { secret: 'undefined' })])
    expect((await deliverEvent(tracker, event, headers)).status).toBe(401)
  expect(await rowsOf(tracker, 'SELECT * FROM deliveries')).toEqual([])
})

test('a signature from the future is refused as one from the past is', async () => {
  const tracker = await startTracker(SIGNED)
  const event = accountEvent('file-updated')
  for (const minutes of [-6, 6, 600]) {
    const headers = ikHeaders(event, { at: Date.now() + minutes * MINUTE })
    expect((await deliverEvent(tracker, event, headers)).status).toBe(401)
  }
})

test('looked up and then written: of many repetitions at once one takes effect', async () => {
  const tracker = await startTracker(SIGNED)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const event = accountEvent('file-updated')
  const count = async (send: () => ReturnType<typeof deliver>) => {
    const answers = await Promise.all(Array.from({ length: 40 }, send))
    const outcomes = answers.map(({ json }) => json['outcome'])
    return ['applied', 'duplicate'].map((wanted) => outcomes.filter((outcome) => outcome === wanted).length)
  }
  expect(await count(() => deliverEvent(tracker, event))).toEqual([1, 39])
  expect(await count(() => deliver(webhookUrl, SUCCESS))).toEqual([1, 39])
})

test('a repetition is known years later, when the body of the first is long gone, and though it bears no id', async () => {
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

test('answered and then done: when 200 comes, the file on the disk has the delivery and its effect', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks'])
  for (const word of [SUCCESS, payload('ai-tasks', 'failure')]) {
    expect((await deliver(webhookUrl, word)).status).toBe(200)
    const rows = await rowsOf(
      tracker,
      'SELECT r.status, d.outcome FROM runs r JOIN deliveries d ON d.n = r.settled_by ORDER BY d.n',
    )
    expect(rows.at(-1)).toEqual({ status: word === SUCCESS ? 'success' : 'failed', outcome: 'applied' })
  }
})
