import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { ask } from '../support/operator.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, payload, register } from '../support/webhooks.ts'

const DAY_MS = 86_400_000
const WARNING = 'the clock is more than a day past the last time it was trusted'

async function startAhead(database: TestDatabase) {
  const lines: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line) => lines.push(line) })
  const tracker = await startTracker({}, { clock: () => Date.now() + 91 * DAY_MS, logger }, database)
  // The warning is logged once it is decided that nothing is pruned.
  await expect.poll(() => lines.join('')).toContain(WARNING)
  return tracker
}

async function record(tracker: RunningTracker) {
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).status).toBe(200)
}

async function bodies(tracker: RunningTracker) {
  const { json } = await ask<{ deliveries: { deliveryId: string }[] }>(tracker, '/deliveries')
  const kept = json.deliveries.map(({ deliveryId }) => ask(tracker, `/deliveries/${deliveryId}`))
  return (await Promise.all(kept)).map((one) => one.json['body'])
}

const BODY = JSON.stringify(payload('remove-bg', 'success'))

test('a start with a clock that is months ahead prunes no body and warns; a right clock prunes by age alone', async () => {
  const first = await startTracker()
  await record(first)
  await first.service.stop()

  const ahead = await startAhead(first.database)
  expect(await bodies(ahead)).toEqual([BODY])
  await ahead.service.stop()

  // It is only the age that counts where the clock was trusted less than a day ago.
  const near = await startTracker({ RETENTION: '1ms' }, {}, first.database)
  await expect.poll(() => bodies(near)).toEqual([null])
})

test('rows that a wrong clock has dated end no doubt at the next start, nor after a start with a right clock between', async () => {
  const database = await createTestDatabase()
  const first = await startTracker({}, {}, database)
  await record(first)
  await first.service.stop()
  for (const count of [1, 2]) {
    const ahead = await startAhead(database)
    expect(await bodies(ahead)).toEqual(Array.from({ length: count }, () => BODY))
    await record(ahead)
    await ahead.service.stop()
  }
  const right = await startTracker({}, {}, database)
  await right.service.stop()
  const ahead = await startAhead(database)
  expect(await bodies(ahead)).toEqual([BODY, BODY, BODY])
})
