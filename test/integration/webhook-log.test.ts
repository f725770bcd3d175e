import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { API_KEY, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register } from '../support/webhooks.ts'

/** Keeps what is logged at `level` and above. */
function remember(level: string) {
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

test('by default the log has no line for a success that was applied, and one for whatever else was told', async () => {
  const { logger, linesOf } = remember('info')
  const tracker = await startTracker({}, { logger })
  const { webhookUrl } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await deliver(webhookUrl, payload('ai-tasks', 'failure'))
  await tracker.service.stop()
  expect(linesOf('delivery')).toMatchObject([
    { outcome: 'duplicate', service: 'remove-bg', status: 'success' },
    { outcome: 'applied', service: 'ai-tasks', status: 'failed' },
  ])
})

test('the whole log has one line for each delivery, with its outcome, and no token, key or body', async () => {
  const { logger, text, linesOf } = remember('trace')
  const tracker = await startTracker({}, { logger })
  const { webhookUrl, statusUrl, submissionId } = await register(tracker, ['remove-bg', 'ai-tasks'], null)
  await deliver(webhookUrl, payload('ai-tasks', 'success'))
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await deliver(`${webhookUrl}x`, payload('remove-bg', 'success'))
  await deliver(webhookUrl, 'no JSON')
  await fetch(statusUrl)
  await fetch(`${statusUrl}x`)
  await tracker.fetch('/nothing?token=hush')
  await tracker.service.stop()

  expect(linesOf('delivery')).toMatchObject([
    { outcome: 'applied', fileId: FILE_ID, service: 'ai-tasks', status: 'success' },
    {
      deliveryId: expect.any(String),
      submissionId,
      outcome: 'applied',
      fileId: FILE_ID,
      service: 'remove-bg',
    },
    { deliveryId: expect.any(String), submissionId, outcome: 'contradicted', fileId: FILE_ID },
  ])
  const token = webhookUrl.slice(webhookUrl.lastIndexOf('.') + 1)
  const secrets = [token, new URL(statusUrl).searchParams.get('token'), API_KEY, 'hush', 'foreground']
  for (const secret of secrets) expect(text()).not.toContain(secret)
})
