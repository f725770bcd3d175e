import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { API_KEY, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register } from '../support/webhooks.ts'

test('the log has one line for each delivery, with its outcome, and no token, key or body', async () => {
  let text = ''
  const memory = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString()
      done()
    },
  })
  const tracker = await startTracker({}, { logger: pino({ level: 'trace' }, memory) })
  const { webhookUrl, statusUrl, submissionId } = await register(tracker, ['remove-bg'], null)
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await deliver(`${webhookUrl}x`, payload('remove-bg', 'success'))
  await deliver(webhookUrl, 'no JSON')
  await fetch(statusUrl)
  await fetch(`${statusUrl}x`)
  await tracker.fetch('/nothing?token=hush')
  await tracker.service.stop()

  const lines = text.split('\n').filter((line) => line.includes('"msg":"delivery"'))
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
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
  for (const secret of secrets) expect(text).not.toContain(secret)
})
