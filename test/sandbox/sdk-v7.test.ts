import ImageKit, { BadRequestError, NotFoundError, PermissionDeniedError, toFile } from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { imageBytes } from '../support/fixture-images.ts'
import { download, PRIVATE_KEY, startSandbox } from './support/running-sandbox.ts'
import { startWebhookReceiver } from './support/webhook-receiver.ts'

async function startWithClient() {
  const sandbox = await startSandbox()
  return { sandbox, client: new ImageKit({ privateKey: PRIVATE_KEY, baseURL: sandbox.url }) }
}

test('the SDK uploads, reads, lists, updates and deletes a file', async () => {
  const { client } = await startWithClient()
  const uploaded = await client.files.upload({
    file: await toFile(imageBytes('shirt.jpg'), 'shirt.jpg'),
    fileName: 'shirt.jpg',
    folder: '/products',
    tags: ['t-shirt', 'men'],
    customMetadata: { brand: 'Nike' },
    customCoordinates: '10,10,100,100',
    responseFields: ['tags', 'customMetadata', 'customCoordinates', 'isPrivateFile', 'isPublished'],
    description: 'A shirt',
  })
  expect(uploaded).toMatchObject({
    width: 240,
    height: 160,
    fileType: 'image',
    size: imageBytes('shirt.jpg').length,
    tags: ['t-shirt', 'men'],
    customMetadata: { brand: 'Nike' },
    customCoordinates: '10,10,100,100',
    isPrivateFile: false,
    isPublished: true,
    description: 'A shirt',
    AITags: null,
  })
  const fileId = uploaded.fileId ?? ''
  expect((await download(uploaded.url)).bytes).toEqual(imageBytes('shirt.jpg'))
  expect(await client.files.get(fileId)).toMatchObject({
    fileId,
    mime: 'image/jpeg',
    hasAlpha: false,
    type: 'file',
  })
  expect(await client.assets.list({ searchQuery: `id IN ["${fileId}"]` })).toMatchObject([{ fileId }])
  expect(await client.files.versions.list(fileId)).toMatchObject([
    { versionInfo: { id: fileId, name: 'Version 1' } },
  ])
  const updated = await client.files.update(fileId, {
    tags: ['sale'],
    customMetadata: { brand: null, color: 'red' },
    customCoordinates: null,
  })
  expect(updated).toMatchObject({ tags: ['sale'], customMetadata: { color: 'red' }, customCoordinates: null })
  expect(updated.customMetadata).not.toHaveProperty('brand')
  await client.files.delete(fileId)
  await expect(client.files.get(fileId)).rejects.toThrow(NotFoundError)
})

test('the SDK submits every documented extension except saved-extension, and each reports success by webhook', async () => {
  const { client } = await startWithClient()
  const receiver = await startWebhookReceiver()
  const uploaded = await client.files.upload({
    file: imageBytes('shirt.jpg').toString('base64'),
    fileName: 'shirt.jpg',
    tags: ['sandbox:delay=5'],
    webhookUrl: receiver.url,
    extensions: [
      { name: 'remove-bg', options: { add_shadow: true } },
      { name: 'google-auto-tagging', minConfidence: 80, maxTags: 10 },
      { name: 'aws-auto-tagging', minConfidence: 80, maxTags: 10 },
      { name: 'ai-auto-description' },
      {
        name: 'ai-tasks',
        tasks: [{ type: 'select_tags', instruction: 'Which?', vocabulary: ['shirt', 'dress'] }],
      },
    ],
  })
  expect(new Set(Object.values(uploaded.extensionStatus ?? {}))).toEqual(new Set(['pending']))
  expect(Object.keys(uploaded.extensionStatus ?? {})).toHaveLength(5)
  const webhooks = await receiver.waitFor(5)
  expect(webhooks.every(({ status }) => status === 'SUCCESS')).toBe(true)
  expect(await client.files.get(uploaded.fileId ?? '')).toMatchObject({
    versionInfo: { name: 'Version 2' },
    hasAlpha: true,
    description: expect.stringContaining('240 x 160'),
  })
})

test('version 2 of the upload API stores the file in the same way', async () => {
  const { client, sandbox } = await startWithClient()
  const uploaded = await client.beta.v2.files.upload({
    file: await toFile(imageBytes('leaf.webp'), 'leaf.webp'),
    fileName: 'leaf.webp',
    useUniqueFileName: false,
  })
  expect(uploaded).toMatchObject({ name: 'leaf.webp', filePath: '/leaf.webp', width: 32 })
  expect(sandbox.uploads()).toMatchObject([{ api: 'v2', file: { bytes: imageBytes('leaf.webp').length } }])
})

test("the SDK maps the sandbox's errors to its error classes", async () => {
  const { client, sandbox } = await startWithClient()
  const file = await toFile(imageBytes('sun.gif'), 'sun.gif')
  const invalid = client.files.upload({ file, fileName: 'sun.gif', customCoordinates: '1,2' })
  await expect(invalid).rejects.toThrow(BadRequestError)
  await expect(invalid).rejects.toThrow('400 Your request contains invalid customCoordinates parameter.')
  const otherClient = new ImageKit({ privateKey: 'another', baseURL: sandbox.url })
  await expect(otherClient.assets.list()).rejects.toThrow(PermissionDeniedError)
  await expect(client.files.get('not-an-id')).rejects.toThrow(
    '400 Your request contains invalid fileId parameter.',
  )
})
