import { expect, onTestFinished, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts'
import { createPartitionsOf } from '../../../src/store/postgres/partitions.ts'
import { createPool } from '../../../src/store/postgres/pool.ts'
import { accepted, newAccountDelivery } from '../../contract/builders.ts'
import { submit } from '../../contract/store-calls.ts'
import { withLease } from '../../contract/with-lease.ts'
import { createDatabase } from '../../support/database.ts'

const DAY_MS = 86_400_000

test('dropping the bodies of a day also deletes the copies of its unclaimed upload events', async () => {
  const { url, drop } = await createDatabase()
  onTestFinished(drop)
  const store = await openPostgresStore({ url, processId: 1, maxQueued: 100 })
  onTestFinished(() => store.close())
  const day = Math.floor(Date.now() / DAY_MS - 10) * DAY_MS
  const pool = createPool(url, 1)
  onTestFinished(() => pool.close())
  const submissionId = await submit(store, ['remove-bg'])
  const event = {
    kind: 'upload_finished',
    eventId: 'event-1',
    type: 'upload.pre-transform.success',
    requestId: 'request-1',
    response: accepted({ 'remove-bg': 'success' }),
  } as const
  const { deliveryId } = await store.recordAccountDelivery(newAccountDelivery(event, day + 1))
  // As if the database had inserted it on that day.
  const date = new Date(day).toISOString().slice(0, 10)
  await pool.use(async (session) => {
    await createPartitionsOf(session, [day])
    for (const table of ['deliveries', 'delivery_bodies'])
      await session.execute(`UPDATE ${table} SET inserted_on = '${date}'`)
  })
  expect(await store.findDelivery(deliveryId ?? '')).toMatchObject({ body: expect.anything() })

  await withLease(store).pruneBodies(day + 2 * DAY_MS, 10, null)
  expect(await store.findDelivery(deliveryId ?? '')).toMatchObject({ body: null })
  await store.applyResponse(submissionId, accepted({}, { fileId: null }), 3_000)
  expect((await store.findSubmission(submissionId))?.runs).toMatchObject([{ status: 'pending' }])
})
