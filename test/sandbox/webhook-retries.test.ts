import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import { type RunningSandbox, startSandbox, upload } from './support/running-sandbox.ts'
import { startWebhookReceiver } from './support/webhook-receiver.ts'

function uploadFor(sandbox: RunningSandbox, webhookUrl: string) {
  const extensions = '[{"name":"ai-auto-description"}]'
  return upload(sandbox, { file: imageFile('shirt.jpg'), extensions, webhookUrl, tags: 'sandbox:delay=1' })
}

test('a webhook is retried until the response is exactly 200; redirects are not followed', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver([500, 201, 204, 307])]
  await uploadFor(sandbox, receiver.url)
  const webhooks = await receiver.waitFor(5)
  expect(new Set(webhooks.map((webhook) => JSON.stringify(webhook))).size).toBe(1)
  await expect.poll(() => sandbox.deliveries()).toMatchObject([{ state: 'delivered' }])
  const [delivery] = sandbox.deliveries()
  expect(delivery?.attempts.map(({ statusCode }) => statusCode)).toEqual([500, 201, 204, 307, 200])
  expect(receiver.headers[0]).toMatchObject({ 'content-type': 'application/json' })
})

test('the pauses between retries double up to ten minutes, and retries end after 24 hours', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const waits: number[] = []
  const delay = async (ms: number) => {
    waits.push(ms)
    now += ms
  }
  const sandbox = await startSandbox({ delay, clock: () => new Date(now), webhookRetryMs: 1000 })
  const receiver = await startWebhookReceiver(Array.from({ length: 400 }, () => 503))
  await uploadFor(sandbox, receiver.url)
  await expect.poll(() => sandbox.deliveries()).toMatchObject([{ state: 'abandoned' }])
  // The first wait is the delay of the extension itself.
  const [, ...pauses] = waits
  expect(pauses.slice(0, 4)).toEqual([1000, 2000, 4000, 8000])
  expect(Math.max(...pauses)).toBe(600_000)
  const total = pauses.reduce((sum, pause) => sum + pause, 0)
  expect(total).toBeGreaterThan(24 * 3_600_000)
  expect(total).toBeLessThan(24.5 * 3_600_000)
})

test('a webhook to an unreachable receiver is retried', async () => {
  const sandbox = await startSandbox()
  await uploadFor(sandbox, 'http://127.0.0.1:1/hook')
  await expect.poll(() => sandbox.deliveries()[0]?.attempts.length).toBeGreaterThan(1)
  expect(sandbox.deliveries()[0]?.attempts[0]?.statusCode).toBeNull()
})

test('stopping the sandbox aborts the delays of extensions and the retries of webhooks', async () => {
  const sandbox = await startSandbox({ webhookRetryMs: 3_600_000 })
  const receiver = await startWebhookReceiver([500])
  await uploadFor(sandbox, receiver.url)
  await receiver.waitFor(1)
  await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    extensions: '[{"name":"remove-bg"}]',
    webhookUrl: receiver.url,
    tags: 'sandbox:delay=99999999',
  })
  await sandbox.stop()
  expect(receiver.received).toHaveLength(1)
  expect(sandbox.deliveries()).toMatchObject([{ state: 'sending' }])
})
