import { expect, test } from 'vitest'
import { imageBytes } from '../support/fixture-images.ts'
import { clientV6 } from '../support/sdk-v6.ts'
import { PRIVATE_KEY, startSandbox } from './support/running-sandbox.ts'
import { startWebhookReceiver } from './support/webhook-receiver.ts'

test('version 6 of the SDK uploads a Buffer with extensions, and reads, lists, updates and deletes the file', async () => {
  const sandbox = await startSandbox()
  const client = clientV6(sandbox.url, PRIVATE_KEY)
  const receiver = await startWebhookReceiver()
  const uploaded = await client.upload({
    file: imageBytes('shirt.png'),
    fileName: 'shirt.png',
    tags: ['one', 'sandbox:remove-bg=failed', 'sandbox:delay=5'],
    responseFields: ['tags'],
    extensions: [{ name: 'remove-bg', options: { bg_color: 'green' } }],
    webhookUrl: receiver.url,
  })
  expect(uploaded).toMatchObject({ width: 240, extensionStatus: { 'remove-bg': 'pending' } })
  expect(uploaded.tags).toContain('one')
  expect(uploaded.$ResponseMetadata.headers['x-ik-requestid']).toMatch(/^[0-9a-f-]{36}$/)
  expect(await receiver.waitFor(1)).toMatchObject([{ status: 'FAILURE', fileId: uploaded.fileId }])

  expect(await client.getFileDetails(uploaded.fileId)).toMatchObject({
    fileId: uploaded.fileId,
    mime: 'image/png',
  })
  expect(await client.getFileVersions(uploaded.fileId)).toHaveLength(1)
  expect(await client.listFiles({ limit: 5 })).toMatchObject([{ fileId: uploaded.fileId }])
  expect(await client.updateFileDetails(uploaded.fileId, { tags: ['two'] })).toMatchObject({ tags: ['two'] })
  await client.deleteFile(uploaded.fileId)
  await expect(client.getFileDetails(uploaded.fileId)).rejects.toMatchObject({
    message: 'The requested file does not exist.',
    help: 'For support kindly contact us at support@imagekit.io.',
  })
})

test('version 6 of the SDK uploads from a URL', async () => {
  const sandbox = await startSandbox()
  const client = clientV6(sandbox.url, PRIVATE_KEY)
  const first = await client.upload({ file: imageBytes('leaf.webp'), fileName: 'leaf.webp' })
  const copy = await client.upload({ file: first.url, fileName: 'copy.webp', useUniqueFileName: false })
  expect(copy).toMatchObject({ name: 'copy.webp', size: imageBytes('leaf.webp').length, width: 32 })
})
