import { expect, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import { createTestDatabase, openStoreOf, readRows } from '../support/database.ts'
import {
  accountEvent,
  deliverEvent,
  ikHeaders,
  standardHeaders,
  WEBHOOK_SECRET,
} from '../support/signed-webhooks.ts'
import { ADMIN_KEY, startTracker } from '../support/tracker.ts'

const ENV = { IMAGEKIT_WEBHOOK_SECRET: `whsec_another_secret, ${WEBHOOK_SECRET}` }
const BODY = accountEvent('file-updated')
const MINUTE = 60_000
const REJECTED = { status: 401, json: { code: 'unauthenticated', status: 401 } }

test.each([
  ["ImageKit's scheme", ikHeaders(BODY)],
  ['the Standard Webhooks scheme', standardHeaders(BODY)],
  ['both schemes', { ...ikHeaders(BODY), ...standardHeaders(BODY) }],
  ['another configured secret', ikHeaders(BODY, { secret: 'whsec_another_secret' })],
  [
    'the Standard Webhooks scheme and another configured secret',
    standardHeaders(BODY, { secret: 'whsec_another_secret' }),
  ],
  ['a time four minutes ago', ikHeaders(BODY, { at: Date.now() - 4 * MINUTE })],
  ['a time four minutes ahead', standardHeaders(BODY, { at: Date.now() + 4 * MINUTE })],
])('an event signed with %s is accepted', async (_, headers) => {
  const tracker = await startTracker(ENV)
  expect(await deliverEvent(tracker, BODY, headers)).toMatchObject({
    status: 200,
    json: { outcome: 'ignored' },
  })
})

test.each([
  ['without a signature', {}, 'absent_signature'],
  ['signed with an unknown secret', ikHeaders(BODY, { secret: 'x' }), 'bad_signature'],
  ['signed for another body', ikHeaders(`${BODY} `), 'bad_signature'],
  ['with a malformed signature', { 'x-ik-signature': 'hello' }, 'malformed_signature'],
  ['with a webhook-signature but no webhook-id', { 'webhook-signature': 'v1,AAAA' }, 'malformed_signature'],
  ['signed six minutes ago', ikHeaders(BODY, { at: Date.now() - 6 * MINUTE }), 'stale_signature'],
  ['signed six minutes ahead', standardHeaders(BODY, { at: Date.now() + 6 * MINUTE }), 'stale_signature'],
])('an event %s is rejected with 401', async (_, headers, cause) => {
  const tracker = await startTracker(ENV)
  expect(await deliverEvent(tracker, BODY, headers)).toMatchObject(REJECTED)
  await tracker.service.stop()
  expect(await readRows(tracker.database, 'SELECT * FROM deliveries')).toEqual([])
  expect(await readRows(tracker.database, 'SELECT route, cause, token FROM rejected_deliveries')).toEqual([
    { route: 'account', cause, token: null },
  ])
})

test.each([
  ['signed', ikHeaders(BODY)],
  ['unsigned', {}],
])('without IMAGEKIT_WEBHOOK_SECRET a %s event is rejected with 401', async (_, headers) => {
  const tracker = await startTracker()
  expect(await deliverEvent(tracker, BODY, headers)).toMatchObject(REJECTED)
  await tracker.service.stop()
  expect(await readRows(tracker.database, 'SELECT cause FROM rejected_deliveries')).toEqual([
    { cause: 'no_secret' },
  ])
})

test('a signed event that is not JSON is rejected with 400, and one over 1 MiB with 413', async () => {
  const tracker = await startTracker(ENV)
  expect(await deliverEvent(tracker, 'hello')).toMatchObject({ status: 400, json: { code: 'invalid_input' } })
  const large = BODY.padEnd(1024 * 1024 + 1, ' ')
  expect(await deliverEvent(tracker, large)).toMatchObject({
    status: 413,
    json: { code: 'payload_too_large' },
  })
})

test.each([
  [503, new TrackerError('store_unavailable', 'The disk is full.')],
  [500, new Error('an internal error')],
])(
  'an event that got %i is accepted an hour later by the same process with the same signature; another event with an equally old signature is rejected',
  async (status, failure) => {
    const database = await createTestDatabase()
    const real = await openStoreOf(database)
    let isBroken = true
    let offsetMs = 0
    const store = {
      ...real,
      recordAccountDelivery: (delivery: Parameters<typeof real.recordAccountDelivery>[0]) =>
        isBroken ? Promise.reject(failure) : real.recordAccountDelivery(delivery),
    }
    const tracker = await startTracker(ENV, { store, clock: () => Date.now() + offsetMs }, database)
    const headers = ikHeaders(BODY)
    expect((await deliverEvent(tracker, BODY, headers)).status).toBe(status)
    offsetMs = 6 * MINUTE
    expect((await deliverEvent(tracker, BODY, headers)).status).toBe(status)
    offsetMs = 60 * MINUTE
    isBroken = false
    expect((await deliverEvent(tracker, BODY, headers)).json).toEqual({ outcome: 'ignored' })

    const other = accountEvent('file-deleted')
    const old = ikHeaders(other)
    expect((await deliverEvent(tracker, other, old)).status).toBe(401)
  },
)

test('an accepted event is stored without its signature, and is replayed without one', async () => {
  const tracker = await startTracker(ENV)
  const signed = { ...ikHeaders(BODY), ...standardHeaders(BODY) }
  await deliverEvent(tracker, BODY, signed)
  const [stored] = await readRows<{ id: string; headers: string }>(
    tracker.database,
    "SELECT 'dlv_' || n || '_' || chk AS id, headers FROM deliveries JOIN delivery_bodies USING (n)",
  )
  expect(stored?.headers).toContain('msg_1')
  expect(stored?.headers).not.toContain('signature')
  const response = await tracker.fetch(`/deliveries/${stored?.id}/replay`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  })
  expect(await response.json()).toMatchObject({ outcome: 'duplicate' })
})

test('an unsigned webhook-id is not stored, so no replay can trust it', async () => {
  const tracker = await startTracker(ENV)
  await deliverEvent(tracker, BODY, { ...ikHeaders(BODY), 'webhook-id': 'msg_forged' })
  const rows = await readRows(tracker.database, 'SELECT headers FROM delivery_bodies')
  expect(JSON.stringify(rows)).not.toContain('msg_forged')
})
