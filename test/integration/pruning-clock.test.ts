import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ask } from '../support/operator.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, payload, register } from '../support/webhooks.ts'

const DAY_MS = 86_400_000

test('a start with a clock that is months ahead prunes no body and warns; a right clock prunes by age alone', async () => {
  const first = await startTracker()
  const { webhookUrl } = await register(first, ['remove-bg'])
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await first.service.stop()

  const lines: string[] = []
  const memory = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const clock = () => Date.now() + 91 * DAY_MS
  const logger = pino({ level: 'warn' }, memory)
  const ahead = await startTracker({}, { clock, logger }, first.directory)
  await expect.poll(() => lines.join('')).toContain('the clock is more than a day past the newest row')
  const bodies = async (tracker: typeof ahead) => {
    const { json } = await ask<{ deliveries: { deliveryId: string }[] }>(tracker, '/deliveries')
    const kept = json.deliveries.map(({ deliveryId }) => ask(tracker, `/deliveries/${deliveryId}`))
    return (await Promise.all(kept)).map((one) => one.json['body'])
  }
  expect(await bodies(ahead)).toEqual([JSON.stringify(payload('remove-bg', 'success'))])
  await ahead.service.stop()

  // It is only the age that counts where the newest row is not older than a day.
  const near = await startTracker({ RETENTION: '1ms' }, {}, first.directory)
  await expect.poll(() => bodies(near)).toEqual([null])
})
