import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import ImageKit, { AuthenticationError, BadRequestError, NotFoundError, toFile } from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { imageBytes } from '../support/fixture-images.ts'
import { startListening } from '../support/listening.ts'
import { API_KEY, startTrackerAndSandbox } from '../support/tracker.ts'
import { statusOf } from '../support/webhooks.ts'

async function startWithClient() {
  const started = await startTrackerAndSandbox({}, {}, { allowPrivateUrls: true })
  return { ...started, client: new ImageKit({ privateKey: API_KEY, baseURL: started.tracker.url }) }
}

const shirtPath = () => fileURLToPath(new URL('../fixtures/images/shirt.png', import.meta.url))

test('an upload from a stream is tracked until all its runs are settled', async () => {
  const { tracker, sandbox, client } = await startWithClient()
  const uploaded = await client.files.upload({
    file: createReadStream(shirtPath()),
    fileName: 'shirt.png',
    // The sandbox obeys such tags: here each extension takes 10 ms, and one fails.
    tags: ['sandbox:delay=10', 'sandbox:aws-auto-tagging=failed'],
    extensions: [
      { name: 'remove-bg', options: { bg_color: 'green' } },
      { name: 'aws-auto-tagging', minConfidence: 50, maxTags: 5 },
      { name: 'ai-auto-description' },
    ],
  })
  expect(uploaded).toMatchObject({ width: 240, height: 160, size: imageBytes('shirt.png').length })
  expect(uploaded.extensionStatus).toEqual({
    'remove-bg': 'pending',
    'aws-auto-tagging': 'pending',
    'ai-auto-description': 'pending',
  })
  const fileId = uploaded.fileId ?? ''
  await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  expect(await statusOf(tracker, fileId)).toMatchObject({
    status: 'failed',
    extensionStatus: {
      'remove-bg': 'success',
      'aws-auto-tagging': 'failed',
      'ai-auto-description': 'success',
    },
  })
  // `order`: the names of the form's parts in the order in which they were sent.
  expect(sandbox.uploads()[0]?.order.at(-1)).toBe('webhookUrl')
})

test('a buffer, a base64 string, a data URL and a URL are uploaded as the same file', async () => {
  const { client, sandbox } = await startWithClient()
  const fileServerUrl = await startListening(
    createServer((_, response) => response.end(imageBytes('leaf.webp'))),
  )
  const sources = [
    await toFile(imageBytes('leaf.webp'), 'leaf.webp'),
    imageBytes('leaf.webp').toString('base64'),
    `data:image/webp;base64,${imageBytes('leaf.webp').toString('base64')}`,
    `${fileServerUrl}/leaf.webp`,
  ]
  for (const file of sources) {
    const uploaded = await client.files.upload({ file, fileName: 'leaf.webp' })
    expect(uploaded).toMatchObject({ width: 32, fileType: 'image', size: imageBytes('leaf.webp').length })
    expect(uploaded).not.toHaveProperty('extensionStatus')
    const stored = Buffer.from(await (await fetch(uploaded.url ?? '')).arrayBuffer())
    expect(stored).toEqual(imageBytes('leaf.webp'))
  }
  // The tracker adds its webhookUrl only to an upload with extensions.
  for (const { parameters } of sandbox.uploads()) expect(parameters).not.toHaveProperty('webhookUrl')
})

test('the parameters of an upload without extensions pass through, and its asset has the status none', async () => {
  const { client, tracker } = await startWithClient()
  const uploaded = await client.files.upload({
    file: await toFile(imageBytes('shirt.jpg'), 'shirt.jpg'),
    fileName: 'shirt.jpg',
    folder: '/products',
    tags: ['t-shirt', 'men'],
    customMetadata: { brand: 'Nike' },
    customCoordinates: '10,10,100,100',
    responseFields: ['tags', 'customMetadata', 'customCoordinates', 'isPrivateFile'],
    description: 'A shirt',
    isPrivateFile: true,
  })
  expect(uploaded).toMatchObject({
    tags: ['t-shirt', 'men'],
    customMetadata: { brand: 'Nike' },
    customCoordinates: '10,10,100,100',
    isPrivateFile: true,
    description: 'A shirt',
    filePath: expect.stringMatching(/^\/products\//),
  })
  expect((await statusOf(tracker, uploaded.fileId ?? '')).status).toBe('none')
})

test('an update runs extensions on an existing file, and their runs are tracked', async () => {
  const { client, tracker, sandbox } = await startWithClient()
  const { fileId = '' } = await client.files.upload({
    file: await toFile(imageBytes('shirt.jpg'), 'shirt.jpg'),
    fileName: 'shirt.jpg',
    tags: ['sandbox:delay=10'],
  })
  const updated = await client.files.update(fileId, {
    extensions: [{ name: 'google-auto-tagging', minConfidence: 50, maxTags: 5 }],
    customMetadata: { color: 'red' },
    removeAITags: 'all',
  })
  expect(updated).toMatchObject({ customMetadata: { color: 'red' } })
  expect(sandbox.updates()).toMatchObject([{ body: { removeAITags: 'all', webhookUrl: expect.any(String) } }])
  await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  expect(await statusOf(tracker, fileId)).toMatchObject({
    extensionStatus: { 'google-auto-tagging': 'success' },
  })
})

test("an upload with v2 of the API goes to ImageKit's v2", async () => {
  const { client, sandbox, tracker } = await startWithClient()
  const uploaded = await client.beta.v2.files.upload({
    file: await toFile(imageBytes('leaf.webp'), 'leaf.webp'),
    fileName: 'leaf.webp',
    tags: ['sandbox:delay=10'],
    extensions: [{ name: 'remove-bg' }],
  })
  expect(sandbox.uploads()).toMatchObject([{ api: 'v2' }])
  await tracker.fetch(`/assets/${uploaded.fileId}/status?wait=10`)
  expect((await statusOf(tracker, uploaded.fileId ?? '')).status).toBe('success')
})

test("a call that ImageKit or the tracker rejects throws the SDK's own error for the status", async () => {
  const { client, tracker } = await startWithClient()
  const clientWithUnknownKey = new ImageKit({ privateKey: 'another-key-of-the-tests', baseURL: tracker.url })
  const unknownKeyError = await clientWithUnknownKey.files
    .upload({ file: 'aGVsbG8=', fileName: 'a.txt' })
    .catch((error: unknown) => error)
  expect(unknownKeyError).toBeInstanceOf(AuthenticationError)
  expect(unknownKeyError).toMatchObject({
    status: 401,
    error: { message: expect.stringContaining('Unknown key'), help: expect.any(String) },
  })

  const invalid = client.files.upload({ file: 'aGVsbG8=', fileName: 'a.txt', customCoordinates: '1,2' })
  await expect(invalid).rejects.toThrow(BadRequestError)
  await expect(invalid).rejects.toMatchObject({
    error: { message: expect.stringContaining('Your request contains invalid customCoordinates parameter.') },
  })
  const nameless = [{ options: {} }] as unknown as []
  const invalidExtensions = client.files.upload({ file: 'aGVsbG8=', fileName: 'a.txt', extensions: nameless })
  await expect(invalidExtensions).rejects.toThrow(BadRequestError)
  await expect(invalidExtensions).rejects.toMatchObject({
    error: { message: expect.stringContaining('extensions') },
  })

  const unknownFile = client.files.update('5effaa5662679b5af2c58829', { tags: ['x'] })
  await expect(unknownFile).rejects.toThrow(NotFoundError)
  await expect(unknownFile).rejects.toMatchObject({
    error: { message: 'The requested file does not exist.' },
  })
})
