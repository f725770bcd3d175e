import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import { startListening } from '../support/listening.ts'
import { get, patch, type RunningSandbox, startSandbox, upload } from './support/running-sandbox.ts'
import { startWebhookReceiver } from './support/webhook-receiver.ts'

function uploadWith(sandbox: RunningSandbox, tags: string, webhookUrl: string, names = ['aws-auto-tagging']) {
  const extensions = JSON.stringify(names.map((name) => ({ name })))
  return upload(sandbox, { file: imageFile('shirt.jpg'), extensions, webhookUrl, tags })
}

test('drop: the extension changes the file, and no webhook is ever sent', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const { body } = await uploadWith(sandbox, 'sandbox:webhook=drop,sandbox:delay=1', receiver.url)
  await expect
    .poll(async () => (await get(sandbox, `/v1/files/${String(body['fileId'])}/details`)).body['AITags'])
    .not.toBeNull()
  await sandbox.stop()
  expect(sandbox.deliveries()).toEqual([])
  expect(receiver.received).toEqual([])
})

test('duplicate: the same webhook is sent three times', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  await uploadWith(sandbox, 'sandbox:webhook=duplicate,sandbox:delay=1', receiver.url)
  const [first, second, third] = await receiver.waitFor(3)
  expect(second).toEqual(first)
  expect(third).toEqual(first)
})

test('early: the webhooks are sent before the upload response, without the delay', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const tags = 'sandbox:webhook=early,sandbox:delay=60000'
  const { body } = await uploadWith(sandbox, tags, receiver.url, ['aws-auto-tagging', 'remove-bg'])
  expect(receiver.received).toHaveLength(2)
  expect(body['extensionStatus']).toEqual({ 'aws-auto-tagging': 'pending', 'remove-bg': 'pending' })
  // The response shows the file as it was before the extensions ran.
  expect(body).toMatchObject({ AITags: null, versionInfo: { name: 'Version 1' } })
})

test('early also applies to an update', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const { body } = await upload(sandbox, { file: imageFile('shirt.jpg') })
  await patch(sandbox, body['fileId'], {
    extensions: [{ name: 'ai-auto-description' }],
    webhookUrl: receiver.url,
    tags: ['sandbox:webhook=early'],
  })
  expect(receiver.received).toMatchObject([{ service: 'ai-auto-description', status: 'SUCCESS' }])
})

test('late: the webhook is sent after ten times the delay', async () => {
  const waits: number[] = []
  const delay = async (ms: number) => void waits.push(ms)
  const [sandbox, receiver] = [await startSandbox({ delay }), await startWebhookReceiver()]
  await uploadWith(sandbox, 'sandbox:webhook=late,sandbox:delay=500', receiver.url)
  await receiver.waitFor(1)
  await expect.poll(() => sandbox.deliveries()).toMatchObject([{ state: 'delivered' }])
  // The file changes after the first wait, and the webhook is sent after the second.
  expect(waits).toEqual([500, 4500])
})

test('reorder: the webhooks are sent in the reverse order of the request', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const names = ['remove-bg', 'aws-auto-tagging', 'google-auto-tagging']
  await uploadWith(sandbox, 'sandbox:webhook=reorder,sandbox:delay=1', receiver.url, names)
  const webhooks = await receiver.waitFor(3)
  expect(webhooks.map(({ service }) => service)).toEqual(names.toReversed())
})

test.each([
  ['success', ['SUCCESS', 'FAILURE']],
  ['failed', ['FAILURE', 'SUCCESS']],
])('conflict: after %s a webhook with the opposite status follows', async (outcome, statuses) => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const tags = `sandbox:webhook=conflict,sandbox:aws-auto-tagging=${outcome},sandbox:delay=1`
  const { body } = await uploadWith(sandbox, tags, receiver.url)
  const webhooks = await receiver.waitFor(2)
  expect(webhooks.map(({ status }) => status)).toEqual(statuses)
  const failure = webhooks.find(({ status }) => status === 'FAILURE')
  expect(failure).toMatchObject({ service: 'aws-auto-tagging', fileId: body['fileId'], error: {} })
})

test('behaviours can be combined: three webhooks, all before the response', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  await uploadWith(sandbox, 'sandbox:webhook=early,sandbox:webhook=duplicate', receiver.url)
  expect(receiver.received).toHaveLength(3)
})

test('early waits at most 5 s for a receiver that does not respond', async () => {
  const waits: number[] = []
  const delay = async (ms: number) => void waits.push(ms)
  const sandbox = await startSandbox({ delay })
  const silent = await startListening(createServer(() => undefined))
  const { status } = await uploadWith(sandbox, 'sandbox:webhook=early', silent)
  expect(status).toBe(200)
  expect(waits).toEqual([5000])
})
