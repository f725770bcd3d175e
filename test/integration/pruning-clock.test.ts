import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { ask } from '../support/operator.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, payload, register } from '../support/webhooks.ts'

const DAY_MS = 86_400_000
const WARNING = 'the clock is more than a day past the last trusted time'

/** Starts a tracker whose clock is 91 days ahead; by default, bodies are kept for 90 days. */
async function startWithFastClock(database: TestDatabase) {
  const lines: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line) => lines.push(line) })
  const tracker = await startTracker({}, { clock: () => Date.now() + 91 * DAY_MS, logger }, database)
  // The service logs the warning once it has decided to prune nothing.
  await expect.poll(() => lines.join('')).toContain(WARNING)
  return tracker
}

async function recordDelivery(tracker: RunningTracker) {
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).status).toBe(200)
}

async function readBodies(tracker: RunningTracker) {
  const { json } = await ask<{ deliveries: { deliveryId: string }[] }>(tracker, '/deliveries')
  const requests = json.deliveries.map(({ deliveryId }) => ask(tracker, `/deliveries/${deliveryId}`))
  return (await Promise.all(requests)).map((one) => one.json['body'])
}

const BODY = JSON.stringify(payload('remove-bg', 'success'))

test('after a start with a clock that is months ahead, nothing is pruned and a warning is logged; with a correct clock, only the age counts', async () => {
  const first = await startTracker()
  await recordDelivery(first)
  await first.service.stop()

  const fast = await startWithFastClock(first.database)
  expect(await readBodies(fast)).toEqual([BODY])
  await fast.service.stop()

  // The correct clock is not in doubt: it is less than a day past the last trusted time. So only `RETENTION` decides.
  const correct = await startTracker({ RETENTION: '1ms' }, {}, first.database)
  await expect.poll(() => readBodies(correct)).toEqual([null])
})

test('rows dated by a wrong clock do not make that clock trusted at a later start', async () => {
  const database = await createTestDatabase()
  const first = await startTracker({}, {}, database)
  await recordDelivery(first)
  await first.service.stop()
  for (const count of [1, 2]) {
    const fast = await startWithFastClock(database)
    expect(await readBodies(fast)).toEqual(Array.from({ length: count }, () => BODY))
    await recordDelivery(fast)
    await fast.service.stop()
  }
  const correct = await startTracker({}, {}, database)
  await correct.service.stop()
  const fast = await startWithFastClock(database)
  expect(await readBodies(fast)).toEqual([BODY, BODY, BODY])
})
