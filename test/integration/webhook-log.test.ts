import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { API_KEY, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register } from '../support/webhooks.ts'

/** Captures the log at `level` and above. */
function captureLog(level: string) {
  let text = ''
  const memory = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString()
      done()
    },
  })
  const linesOf = (msg: string): unknown[] => {
    const lines = text.split('\n').filter((line) => line.includes(`"msg":"${msg}"`))
    return lines.map((line): unknown => JSON.parse(line))
  }
  return { logger: pino({ level }, memory), text: () => text, linesOf }
}

test('by default the log has one line for each recorded delivery, up to a hundred successes per second', async () => {
  const { logger, linesOf } = captureLog('info')
  const tracker = await startTracker({}, { logger })
  const { webhookUrl, submissionId } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  const delivered = await deliver(webhookUrl, payload('remove-bg', 'success'))
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await deliver(webhookUrl, payload('ai-tasks', 'failure'))
  const requestId = delivered.headers.get('x-request-id')
  const event = 'delivery.recorded'
  expect(linesOf('delivery recorded')).toMatchObject([
    {
      level: 30,
      event,
      requestId,
      submissionId,
      outcome: 'applied',
      service: 'remove-bg',
      status: 'success',
    },
    { level: 30, event, outcome: 'duplicate', service: 'remove-bg', status: 'success' },
    { level: 30, event, outcome: 'applied', service: 'ai-tasks', status: 'failed' },
  ])
})

const success = (service: string) => ({ service, status: 'SUCCESS', fileObject: { fileId: FILE_ID } })

test('from the 101st success in a second on, the log has a total instead of one line for each', async () => {
  const { logger, linesOf } = captureLog('info')
  let now = Date.parse('2026-03-01T12:00:00Z')
  const tracker = await startTracker({}, { logger, clock: () => now })
  const names = Array.from({ length: 100 }, (_, index) => `extension-${index}`)
  const submissions = await Promise.all([1, 2, 3].map(() => register(tracker, names, null)))
  const deliverAll = async (services: readonly string[]) => {
    for (const { webhookUrl } of submissions)
      await Promise.all(services.map((name) => deliver(webhookUrl, success(name))))
  }
  const loggedTotal = () =>
    (linesOf('deliveries recorded') as { total: number }[]).reduce((sum, { total }) => sum + total, 0)

  await deliverAll(names.slice(0, 70))
  expect(linesOf('delivery recorded')).toHaveLength(100)
  now += 1000
  await deliverAll(names.slice(70, 80))
  // The 110 successes of the first second without a line of their own are in a total by now. The 30 of this second have no lines
  // either, because the second after one with more than a hundred has only a total, too. A timer may already have written a part of it.
  expect(loggedTotal()).toBeGreaterThanOrEqual(110)
  expect(linesOf('delivery recorded')).toHaveLength(100)
  now += 1000
  await deliverAll(names.slice(80, 90))
  expect(loggedTotal()).toBe(140)
  expect(linesOf('delivery recorded')).toHaveLength(130)
  now += 1000
  await deliverAll(names.slice(90))
  expect(linesOf('delivery recorded')).toHaveLength(160)
  expect(linesOf('deliveries recorded')).toContainEqual(
    expect.objectContaining({ event: 'delivery.recorded', outcome: 'applied', status: 'success' }),
  )
})

test('a total that no delivery follows is written when the service stops, at the latest', async () => {
  const { logger, linesOf } = captureLog('info')
  const tracker = await startTracker({}, { logger, clock: () => 0 })
  const names = Array.from({ length: 60 }, (_, index) => `extension-${index}`)
  for (const _ of [1, 2]) {
    const { webhookUrl } = await register(tracker, names, null)
    await Promise.all(names.map((name) => deliver(webhookUrl, success(name))))
  }
  await tracker.service.stop()
  expect(linesOf('deliveries recorded').length).toBeGreaterThan(0)
})

test('even at level trace, the log has only one line for each recorded delivery, and no token, key or body', async () => {
  const { logger, text, linesOf } = captureLog('trace')
  const tracker = await startTracker({}, { logger })
  const { webhookUrl, statusUrl, submissionId } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  await deliver(webhookUrl, payload('ai-tasks', 'success'))
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  const forged = await deliver(`${webhookUrl}x`, payload('remove-bg', 'success'))
  await deliver(webhookUrl, 'no JSON', { 'x-request-id': 'request-7' })
  await fetch(statusUrl)
  await fetch(`${statusUrl}x`)
  await tracker.fetch('/nothing?token=hush')
  await tracker.service.stop()

  expect(linesOf('delivery recorded')).toMatchObject([
    { outcome: 'applied', fileId: FILE_ID, service: 'ai-tasks', status: 'success' },
    {
      deliveryId: expect.stringMatching(/^dlv_2_/),
      submissionId,
      outcome: 'applied',
      fileId: FILE_ID,
      service: 'remove-bg',
    },
    { deliveryId: expect.stringMatching(/^dlv_3_/), submissionId, outcome: 'contradicted', fileId: FILE_ID },
  ])
  expect(linesOf('deliveries rejected')).toMatchObject([
    {
      deliveries: [
        { requestId: forged.headers.get('x-request-id'), route: 'extension', cause: 'forged_token' },
        { requestId: 'request-7', route: 'extension', cause: 'not_json' },
      ],
    },
  ])
  const token = webhookUrl.slice(webhookUrl.lastIndexOf('.') + 1)
  // `hush` is the token in a query string, and `foreground` a word in the body of the failure webhook.
  const secrets = [token, new URL(statusUrl).searchParams.get('token'), API_KEY, 'hush', 'foreground']
  for (const secret of secrets) expect(text()).not.toContain(secret)
})
