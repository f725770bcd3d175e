import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import type { DeliveryOutcome } from '../../src/domain/delivery.ts'
import { OUTCOME, ROUTE, SIGNATURE } from '../../src/store/sql/codes.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { accepted, newAccountDelivery, newDelivery } from '../contract/builders.ts'
import { recordNotificationResult, submit } from '../contract/store-calls.ts'
import { withLease } from '../contract/with-lease.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

function openStore() {
  const path = temporaryDatabasePath()
  const store = openSqliteStore({ path })
  const other = new Database(path)
  onTestFinished(async () => {
    other.close()
    await store.close()
  })
  return { store, select: <T>(query: string) => other.prepare<[], T>(query).all(), other }
}

test('Every account delivery is stored byte for byte, but only the first one of an event is stored with the event id', async () => {
  const { store, select } = openStore()
  const event = { kind: 'asset', eventId: 'event-1', type: 'file.updated', fileId: 'file-1' } as const
  const [first, again] = [newAccountDelivery(event), newAccountDelivery(event)]
  for (const delivery of [first, again]) await store.recordAccountDelivery(delivery)
  const kept = { route: ROUTE.to.account, signature: SIGNATURE.to.valid, file_id: 'file-1', service: null }
  const query = 'SELECT * FROM deliveries JOIN delivery_bodies USING (n) ORDER BY n'
  expect(select(query)).toMatchObject([
    { ...kept, outcome: OUTCOME.to.ignored, event_id: 'event-1', body: first.body },
    { ...kept, outcome: OUTCOME.to.duplicate, event_id: null, body: again.body },
  ])
})

test('The database rejects a second delivery with the same event id, even from another process', async () => {
  const { store, other } = openStore()
  await store.recordAccountDelivery(newAccountDelivery({ kind: 'other', eventId: 'event-1', type: null }))
  const copy = (outcome: DeliveryOutcome, eventId: string | null) =>
    other
      .prepare(
        `INSERT INTO deliveries (chk, route, received_at, outcome, signature, event_id)
         SELECT chk, route, received_at, ?, signature, ? FROM deliveries LIMIT 1`,
      )
      .run(OUTCOME.to[outcome], eventId)
  for (const outcome of ['applied', 'ignored'] as const)
    expect(() => copy(outcome, 'event-1')).toThrow(/UNIQUE/)
  copy('duplicate', null)
  copy('duplicate', null)
})

// An early event reports the end of an upload whose submission is not known by its request id yet. The response with that id claims it.
test('An early upload event is marked as applied once its submission claims it', async () => {
  const { store, select } = openStore()
  const submissionId = await submit(store, ['remove-bg'])
  const response = accepted({ 'remove-bg': 'pending' }, { fileId: 'file-1' })
  const event = {
    kind: 'upload_finished',
    type: 'upload.pre-transform.success',
    requestId: 'request-1',
  } as const
  for (const eventId of ['event-1', 'event-1'])
    await store.recordAccountDelivery(newAccountDelivery({ ...event, eventId, response }))
  await store.applyResponse(submissionId, accepted({}, { fileId: null }), 3_000)
  expect(select('SELECT * FROM deliveries ORDER BY n')).toMatchObject([
    { outcome: OUTCOME.to.applied, submission: 1, file_id: 'file-1', request_id: null },
    { outcome: OUTCOME.to.duplicate, submission: null, request_id: null },
  ])
})

test('Pruning keeps the row of a delivery, and prunes fewer bodies at a time if they are large', async () => {
  const { store, select } = openStore()
  const body = Buffer.alloc(1024 * 1024, 1)
  const submissionId = await submit(store, [])
  for (let count = 0; count < 40; count++)
    await store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg' }, { body }))
  const pruned: number[] = []
  let after: number | null = null
  do {
    const done: { pruned: number; next: number | null } = await withLease(store).pruneBodies(
      9_000,
      100,
      after,
    )
    pruned.push(done.pruned)
    after = done.next
  } while (after !== null)
  // After 1 MiB, a step prunes no further body.
  expect(pruned).toEqual(Array.from({ length: 40 }, () => 1))
  expect(select('SELECT * FROM delivery_bodies')).toEqual([])
  expect(select('SELECT * FROM deliveries')).toHaveLength(40)
})

test('A body larger than the limit of a step is pruned, too', async () => {
  const { store } = openStore()
  const body = Buffer.alloc(17 * 1024 * 1024, 1)
  const submissionId = await submit(store, [])
  for (let count = 0; count < 2; count++) await store.recordDelivery(newDelivery(submissionId, {}, { body }))
  const first = await withLease(store).pruneBodies(9_000, 100, null)
  expect([first, await withLease(store).pruneBodies(9_000, 100, first.next)]).toEqual([
    { pruned: 1, next: 1 },
    { pruned: 1, next: null },
  ])
})

test('A notification that has ended keeps its result, but not its body', async () => {
  const { store, select } = openStore()
  const submissionId = await submit(store, ['remove-bg'], { callerWebhookUrl: 'https://caller.example/hook' })
  const reported = { service: 'remove-bg', status: 'success' } as const
  const { runId } = await store.recordDelivery(newDelivery(submissionId, reported))
  const notificationId = `msg_${runId}`
  await recordNotificationResult(store, notificationId, { kind: 'again', at: 3_000, reason: 'status_500' })
  const waiting = { result: 'again', reason: 'status_500', attempt: 2, due_at: 3_000 }
  expect(select('SELECT * FROM notifications')).toMatchObject([{ ...waiting, body: expect.any(String) }])
  await recordNotificationResult(store, notificationId, { kind: 'gone', reason: 'status_410' })
  expect(select('SELECT * FROM notifications')).toEqual([
    {
      n: 1,
      target: 'https://caller.example/hook',
      host: 'caller.example',
      body: null,
      attempt: 2,
      created_at: 2_000,
      due_at: null,
      result: 'gone',
      reason: 'status_410',
      attempts: JSON.stringify([
        { at: 4_000, result: 'again', status: null, reason: 'status_500' },
        { at: 4_000, result: 'gone', status: null, reason: 'status_410' },
      ]),
    },
  ])
})

test('Old deliveries are deleted with their bodies, whether or not they belong to a submission', async () => {
  const { store, select } = openStore()
  const submissionIds = [await submit(store, ['remove-bg']), await submit(store, ['remove-bg'])]
  for (const submissionId of submissionIds)
    for (const status of ['success', 'failed'] as const)
      await store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status }))
  for (const receivedAt of [2_000, 2_000, 90_000])
    await store.recordAccountDelivery(
      newAccountDelivery({ kind: 'other', eventId: null, type: null }, receivedAt),
    )
  const bodies = () => select<{ n: number }>('SELECT n FROM delivery_bodies ORDER BY n').map(({ n }) => n)
  expect(bodies()).toHaveLength(7)
  let after: Parameters<typeof store.deleteOldSubmissions>[3] = null
  do after = (await withLease(store).deleteOldSubmissions(100_000, 50_000, after)).next
  while (after !== null)
  expect(bodies()).toEqual([7])
  expect(select('SELECT n FROM deliveries')).toEqual([{ n: 7 }])
})
