import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import { get, patch, remove, startSandbox, upload } from './support/running-sandbox.ts'
import { startWebhookReceiver } from './support/webhook-receiver.ts'

const extensions = JSON.stringify([
  { name: 'aws-auto-tagging', minConfidence: 50, maxTags: 5 },
  { name: 'remove-bg' },
])

test('without a sandbox tag for its outcome, an extension is pending in the response and succeeds by webhook', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    extensions,
    webhookUrl: receiver.url,
    tags: 'sandbox:delay=10',
  })
  expect(body['extensionStatus']).toEqual({ 'aws-auto-tagging': 'pending', 'remove-bg': 'pending' })
  const webhooks = await receiver.waitFor(2)
  expect(webhooks.map(({ service, status }) => `${service} ${status}`).toSorted()).toEqual([
    'aws-auto-tagging SUCCESS',
    'remove-bg SUCCESS',
  ])
  for (const webhook of webhooks) {
    expect(webhook.fileObject?.['fileId']).toBe(body['fileId'])
    expect(webhook).not.toHaveProperty('fileId')
    expect(webhook.fileObject).not.toHaveProperty('extensionStatus')
  }
})

test('a failure webhook contains the fileId and an error, and the file does not change', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    extensions,
    webhookUrl: receiver.url,
    tags: 'sandbox:remove-bg=failed,sandbox:aws-auto-tagging=failed,foo,sandbox:delay=1',
    responseFields: 'tags',
  })
  expect(body['tags']).toContain('foo')
  expect(body['tags']).toContain('sandbox:remove-bg=failed')
  const webhooks = await receiver.waitFor(2)
  for (const { status, fileId, error, fileObject } of webhooks) {
    expect([status, fileId, fileObject]).toEqual(['FAILURE', body['fileId'], undefined])
    expect(error).toEqual({ message: expect.any(String), reason: expect.any(String) })
  }
  const { body: details } = await get(sandbox, `/v1/files/${String(body['fileId'])}/details`)
  expect(details['versionInfo']).toMatchObject({ name: 'Version 1' })
  expect(details['AITags']).toBeNull()
})

test('an outcome with -now is already in the response, and no webhook is sent for it', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    extensions: JSON.stringify([...JSON.parse(extensions), { name: 'ai-auto-description' }]),
    webhookUrl: receiver.url,
    tags: 'sandbox:aws-auto-tagging=success-now,sandbox:remove-bg=failed-now,sandbox:delay=1',
  })
  expect(body['extensionStatus']).toEqual({
    'aws-auto-tagging': 'success',
    'remove-bg': 'failed',
    'ai-auto-description': 'pending',
  })
  expect(body['AITags']).toContainEqual(expect.objectContaining({ source: 'aws-auto-tagging' }))
  // The pending extension finishes last, so a webhook of one of the others would have been sent before.
  await receiver.waitFor(1)
  await expect.poll(() => sandbox.deliveries().every(({ state }) => state === 'delivered')).toBe(true)
  expect(receiver.received.map(({ service }) => service)).toEqual(['ai-auto-description'])
})

test('an extension with the outcome pending sends no webhook and has no effect, while the other extensions finish', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    extensions,
    webhookUrl: receiver.url,
    tags: 'sandbox:aws-auto-tagging=pending,sandbox:delay=1',
  })
  expect(body['extensionStatus']).toEqual({ 'aws-auto-tagging': 'pending', 'remove-bg': 'pending' })
  const webhooks = await receiver.waitFor(1)
  expect(webhooks.map(({ service }) => service)).toEqual(['remove-bg'])
  const { body: details } = await get(sandbox, `/v1/files/${String(body['fileId'])}/details`)
  expect(details['AITags']).toBeNull()
})

test('without a webhookUrl the extensions have their effect and no webhook is sent', async () => {
  const sandbox = await startSandbox()
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    extensions,
    tags: 'sandbox:delay=1',
  })
  await expect
    .poll(async () => (await get(sandbox, `/v1/files/${String(body['fileId'])}/details`)).body)
    .toMatchObject({ versionInfo: { name: 'Version 2' }, AITags: expect.any(Array) })
  expect(sandbox.deliveries()).toEqual([])
})

test('an unknown extension is accepted and succeeds', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    extensions: '[{"name":"ai-upscale","factor":2}]',
    webhookUrl: receiver.url,
    tags: 'sandbox:delay=1',
  })
  expect(body['extensionStatus']).toEqual({ 'ai-upscale': 'pending' })
  expect(await receiver.waitFor(1)).toMatchObject([{ service: 'ai-upscale', status: 'SUCCESS' }])
})

test('a saved extension is reported under the name of the extension that its id stands for', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  // In the sandbox, the id `ext_remove-bg` stands for remove-bg, and an id that names no known extension stands for aws-auto-tagging.
  // The tag's outcome for `saved-extension` applies to both.
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    extensions:
      '[{"name":"saved-extension","id":"ext_remove-bg"},{"name":"saved-extension","id":"ext_abc123"}]',
    webhookUrl: receiver.url,
    tags: 'sandbox:saved-extension=failed,sandbox:delay=1',
  })
  expect(body['extensionStatus']).toEqual({ 'remove-bg': 'pending', 'aws-auto-tagging': 'pending' })
  const webhooks = await receiver.waitFor(2)
  expect(webhooks.every(({ status }) => status === 'FAILURE')).toBe(true)
})

test("an update uses its own sandbox tags if it sends tags, otherwise the file's", async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    tags: 'sandbox:aws-auto-tagging=failed-now',
  })
  expect(body).not.toHaveProperty('extensionStatus')
  const update = {
    extensions: [{ name: 'aws-auto-tagging', minConfidence: 0, maxTags: 3 }],
    webhookUrl: receiver.url,
  }
  const byFile = await patch(sandbox, body['fileId'], update)
  expect(byFile.body['extensionStatus']).toEqual({ 'aws-auto-tagging': 'failed' })
  const byRequest = await patch(sandbox, body['fileId'], { ...update, tags: ['sandbox:delay=1'] })
  expect(byRequest.body['extensionStatus']).toEqual({ 'aws-auto-tagging': 'pending' })
  expect(await receiver.waitFor(1)).toMatchObject([{ service: 'aws-auto-tagging', status: 'SUCCESS' }])
})

test('if a file is deleted before its extension finishes, the extension fails', async () => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    extensions: '[{"name":"remove-bg"}]',
    webhookUrl: receiver.url,
    tags: 'sandbox:delay=200',
  })
  expect(await remove(sandbox, body['fileId'])).toBe(204)
  expect(await receiver.waitFor(1)).toMatchObject([
    { status: 'FAILURE', error: { message: 'The requested file does not exist.' } },
  ])
})

test('a misspelt sandbox tag is rejected instead of ignored', async () => {
  const sandbox = await startSandbox()
  const { status, body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    tags: 'sandbox:remove-bg=sucess',
  })
  expect(status).toBe(400)
  expect(body['message']).toContain('sandbox:remove-bg=sucess')
})
