import { pino } from 'pino'
import { expect, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { createTestDatabase, openStoreOf, readRows } from '../support/database.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, movedTo, payload, register, statusOf } from '../support/webhooks.ts'

/** Starts a tracker on a real store, some of whose methods the test replaces. */
async function startOnStore(replace: (real: Store) => Partial<Store>, maxQueued?: number) {
  const database = await createTestDatabase()
  const real = await openStoreOf(database, { ...(maxQueued !== undefined && { maxQueued }) })
  return startTracker({}, { store: { ...real, ...replace(real) } }, database)
}

test('a webhook gets its response only after the delivery and its effect are committed', async () => {
  const order: string[] = []
  let startCommit = () => {}
  const mayCommit = new Promise<void>((resolve) => {
    startCommit = resolve
  })
  const tracker = await startOnStore((real) => ({
    async recordDelivery(delivery) {
      order.push('requested')
      await mayCommit
      const recorded = await real.recordDelivery(delivery)
      order.push('committed')
      return recorded
    },
  }))
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const delivered = deliver(webhookUrl, payload('remove-bg', 'success')).then((response) => {
    order.push('responded')
    return response
  })
  await expect.poll(() => order).toEqual(['requested'])
  // The tracker handles each of these requests completely before the webhook's commit: a response that did not wait for the commit
  // would have been sent by now.
  for (let round = 0; round < 5; round += 1) expect((await statusOf(tracker)).status).toBe('pending')
  expect(order).toEqual(['requested'])
  startCommit()
  expect(await delivered).toMatchObject({ status: 200, json: { outcome: 'applied' } })
  expect(order).toEqual(['requested', 'committed', 'responded'])
  expect((await statusOf(tracker)).status).toBe('success')
})

test('an event stream sends the status that a webhook set, and ends when the asset is no longer pending', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const response = await tracker.fetch(`/assets/${FILE_ID}/events`)
  const decoder = new TextDecoder()
  let received = ''
  const streamEnded = (async () => {
    for await (const chunk of response.body ?? []) received += decoder.decode(chunk, { stream: true })
  })()
  await expect.poll(() => received).toContain('"status":"pending"')
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await expect.poll(() => received).toContain('"status":"success"')
  await streamEnded
})

test('a webhook that cannot be stored gets 503, and is applied when it is sent again', async () => {
  let isBroken = true
  const tracker = await startOnStore((real) => ({
    recordDelivery: (delivery) =>
      isBroken
        ? Promise.reject(new TrackerError('store_unavailable', 'The disk is full.'))
        : real.recordDelivery(delivery),
  }))
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const rejected = await deliver(webhookUrl, payload('remove-bg', 'success'))
  expect(rejected).toMatchObject({ status: 503, json: { code: 'store_unavailable', status: 503 } })
  expect(rejected.headers.get('retry-after')).toMatch(/^\d+$/)
  expect((await statusOf(tracker)).status).toBe('pending')
  isBroken = false
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).json).toEqual({ outcome: 'applied' })
  expect((await statusOf(tracker)).status).toBe('success')
})

/** The maximum number of queued steps. The service's own jobs need less. */
const QUEUE_SIZE = 10

test('a webhook that does not fit into the write queue gets 503, and is applied when it is sent again', async () => {
  let isBusy = true
  const tracker = await startOnStore(
    (real) => ({
      recordDelivery(delivery) {
        // Fills the queue in the same event-loop tick, so no step is committed in between. If a job has queued a step before, the
        // queue is full even earlier.
        if (isBusy) void Promise.allSettled(Array.from({ length: QUEUE_SIZE }, () => real.probe()))
        return real.recordDelivery(delivery)
      },
    }),
    QUEUE_SIZE,
  )
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const rejected = await deliver(webhookUrl, payload('remove-bg', 'success'))
  expect(rejected).toMatchObject({ status: 503, json: { code: 'overloaded', status: 503 } })
  expect(rejected.headers.get('retry-after')).toMatch(/^\d+$/)
  isBusy = false
  const redeliver = async () => (await deliver(webhookUrl, payload('remove-bg', 'success'))).json
  // The queue may still be full at the first attempt.
  await expect.poll(redeliver).toEqual({ outcome: 'applied' })
})

test('a recorded delivery is stored with its body as received, and without headers that contain a secret or a signature', async () => {
  const tracker = await startTracker()
  const { webhookUrl, submissionId } = await register(tracker, ['remove-bg'])
  const text = `  ${JSON.stringify(payload('remove-bg', 'success'), null, 3)}\n`
  await deliver(webhookUrl, text, {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'ImageKit',
    'x-ik-signature': 't=1,v1=00',
    authorization: 'Bearer something-secret',
    'proxy-authorization': 'Basic c2VjcmV0',
    cookie: 'session=something-secret',
  })
  await deliver(webhookUrl, '[1]')
  await tracker.service.stop()

  const rows = await readRows(
    tracker.database,
    `SELECT d.*, b.headers, b.body, r.status, 'sub_' || s.n || '_' || s.chk AS submission_id FROM deliveries d
     JOIN delivery_bodies b ON b.n = d.n LEFT JOIN runs r ON r.n = d.run AND r.settled_by = d.n
     JOIN submissions s ON s.n = coalesce(d.submission, r.submission) ORDER BY d.n`,
  )
  expect(rows).toMatchObject([
    { outcome: 'applied', signature: 'unchecked', service: 'remove-bg', status: 'success' },
    { outcome: 'ignored', cause: 'unknown_shape', signature: 'absent', service: null },
  ])
  const [first, second] = rows as { headers: string; body: Buffer; submission_id: string }[]
  expect(first?.submission_id).toBe(submissionId)
  expect(first?.body.toString()).toBe(text)
  expect(second?.body.toString()).toBe('[1]')
  const headers = JSON.parse(first?.headers ?? '')
  expect(headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'ImageKit',
  })
  expect(JSON.stringify(headers)).not.toMatch(/secret|c2VjcmV0|authorization|cookie|signature/)
})

test('statuses survive a restart, and a webhook after it still settles its run', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks'])
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  const restarted = await tracker.restart()
  expect((await statusOf(restarted)).extensionStatus).toEqual({
    'remove-bg': 'failed',
    'ai-tasks': 'pending',
  })
  const url = movedTo(restarted, webhookUrl)
  expect((await deliver(url, payload('remove-bg', 'failure'))).json).toEqual({ outcome: 'duplicate' })
  expect((await deliver(url, payload('ai-tasks', 'success'))).json).toEqual({ outcome: 'applied' })
})

test('after a rotation of the token secret, old URLs are valid only while the old secret is configured', async () => {
  const database = await createTestDatabase()
  const [oldSecret, newSecret] = ['the-old-token-secret', 'the-new-token-secret']
  const first = await startTracker({ TRACKER_TOKEN_SECRET: oldSecret }, {}, database)
  const { webhookUrl, statusUrl } = await register(first, ['remove-bg', 'ai-tasks'])
  await first.service.stop()

  const rotated = await startTracker({ TRACKER_TOKEN_SECRET: `${newSecret},${oldSecret}` }, {}, database)
  const response = await deliver(movedTo(rotated, webhookUrl), payload('remove-bg', 'success'))
  expect(response.json).toEqual({ outcome: 'applied' })
  expect((await fetch(movedTo(rotated, statusUrl))).status).toBe(200)
  const registeredLater = await register(rotated, ['remove-bg'])
  await rotated.service.stop()

  const withoutOld = await startTracker({ TRACKER_TOKEN_SECRET: newSecret }, {}, database)
  expect((await deliver(movedTo(withoutOld, webhookUrl), payload('ai-tasks', 'success'))).status).toBe(401)
  expect((await fetch(movedTo(withoutOld, statusUrl))).status).toBe(401)
  expect((await fetch(movedTo(withoutOld, registeredLater.statusUrl))).status).toBe(200)
  const delivered = await deliver(
    movedTo(withoutOld, registeredLater.webhookUrl),
    payload('remove-bg', 'success'),
  )
  expect(delivered.json).toEqual({ outcome: 'applied' })
})

test('a start without the token secret that signed the newest URLs logs an error; a start with it does not', async () => {
  const database = await createTestDatabase()
  const [oldSecret, newSecret] = ['the-old-token-secret', 'the-new-token-secret']
  const errorsOfStart = async (secrets: string) => {
    const lines: string[] = []
    const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
    const tracker = await startTracker({ TRACKER_TOKEN_SECRET: secrets }, { logger }, database)
    await tracker.service.stop()
    return lines.join('')
  }
  expect(await errorsOfStart(oldSecret)).toBe('')
  expect(await errorsOfStart(`${newSecret},${oldSecret}`)).toBe('')
  // The first secret of a list signs URLs, so this start lacks the one with which the previous start signed.
  expect(await errorsOfStart(oldSecret)).toContain('lacks the secret that signed')
  // The previous start has recorded the old secret as the one that signs URLs.
  expect(await errorsOfStart(oldSecret)).toBe('')
})
