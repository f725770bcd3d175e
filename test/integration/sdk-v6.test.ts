import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { imageBytes } from '../support/fixture-images.ts'
import { startListening } from '../support/listening.ts'
import { clientV6 } from '../support/sdk-v6.ts'
import { API_KEY, startTrackerAndSandbox } from '../support/tracker.ts'
import { statusOf } from '../support/webhooks.ts'

async function startWithClient(privateKey = API_KEY, headers: Record<string, string> = {}) {
  // One test uploads by a URL of this machine, from which the sandbox fetches the file.
  const started = await startTrackerAndSandbox({}, {}, { allowPrivateUrls: true })
  return { ...started, client: clientV6(started.tracker.url, privateKey, headers) }
}

test('an upload of a buffer with extensions, tags and customMetadata is tracked until its runs are settled', async () => {
  const { tracker, client } = await startWithClient()
  const uploaded = await client.upload({
    file: imageBytes('shirt.png'),
    fileName: 'shirt.png',
    tags: ['one', 'sandbox:delay=10', 'sandbox:remove-bg=failed'],
    customMetadata: { brand: 'Nike' },
    responseFields: ['tags', 'customMetadata'],
    extensions: [{ name: 'remove-bg' }, { name: 'google-auto-tagging', minConfidence: 50, maxTags: 5 }],
  })
  expect(uploaded).toMatchObject({
    tags: expect.arrayContaining(['one']),
    customMetadata: { brand: 'Nike' },
    extensionStatus: { 'remove-bg': 'pending', 'google-auto-tagging': 'pending' },
  })
  await tracker.fetch(`/assets/${uploaded.fileId}/status?wait=10`)
  expect((await statusOf(tracker, uploaded.fileId)).extensionStatus).toEqual({
    'remove-bg': 'failed',
    'google-auto-tagging': 'success',
  })
})

test('a stream, a base64 string and a URL arrive as the same file', async () => {
  const { client } = await startWithClient()
  const fileServerUrl = await startListening(
    createServer((_, response) => response.end(imageBytes('leaf.webp'))),
  )
  const sources = [
    createReadStream(fileURLToPath(new URL('../fixtures/images/leaf.webp', import.meta.url))),
    imageBytes('leaf.webp').toString('base64'),
    `${fileServerUrl}/leaf.webp`,
  ]
  for (const file of sources) {
    const uploaded = await client.upload({ file, fileName: 'leaf.webp' })
    expect(uploaded).toMatchObject({ width: 32, size: imageBytes('leaf.webp').length })
    expect(Buffer.from(await (await fetch(uploaded.url)).arrayBuffer())).toEqual(imageBytes('leaf.webp'))
  }
})

test('a repeated upload with the same Idempotency-Key returns the first response', async () => {
  const { client, sandbox } = await startWithClient(API_KEY, { 'Idempotency-Key': 'photo-1' })
  const upload = () => client.upload({ file: imageBytes('sun.gif'), fileName: 'sun.gif' })
  const first = await upload()
  expect(await upload()).toEqual(first)
  expect(sandbox.uploads()).toHaveLength(1)
})

test('an update by a client whose API host is the tracker runs extensions and is tracked', async () => {
  const { client, tracker } = await startWithClient()
  const { fileId } = await client.upload({
    file: imageBytes('shirt.jpg'),
    fileName: 'shirt.jpg',
    tags: ['sandbox:delay=10'],
  })
  const extensions = [{ name: 'aws-auto-tagging', minConfidence: 50, maxTags: 5 }]
  expect(await client.updateFileDetails(fileId, { extensions })).toMatchObject({ fileId })
  await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  expect((await statusOf(tracker, fileId)).extensionStatus).toEqual({ 'aws-auto-tagging': 'success' })
})

test('if ImageKit or the tracker rejects a request, the SDK throws an error with message and help', async () => {
  const { client } = await startWithClient()
  const file = imageBytes('sun.gif')
  const help = expect.any(String)
  await expect(client.upload({ file, fileName: 'sun.gif', customCoordinates: '1,2' })).rejects.toMatchObject({
    message: expect.stringContaining('Your request contains invalid customCoordinates parameter.'),
    help,
  })
  const invalidExtensions = client.upload({ file, fileName: 'sun.gif', extensions: [{ options: {} }] })
  await expect(invalidExtensions).rejects.toMatchObject({
    message: expect.stringContaining('extensions'),
    help,
  })
  const missingFile = client.updateFileDetails('5effaa5662679b5af2c58829', { tags: ['x'] })
  await expect(missingFile).rejects.toMatchObject({ message: 'The requested file does not exist.', help })
})

test('if the key is unknown, an upload and an update throw an error with message and help too', async () => {
  const { client } = await startWithClient('another-key-of-the-tests')
  const rejection = { message: expect.stringContaining('Unknown key'), help: expect.any(String) }
  const upload = client.upload({ file: imageBytes('sun.gif'), fileName: 'sun.gif' })
  await expect(upload).rejects.toMatchObject(rejection)
  await expect(client.updateFileDetails('f1', { tags: ['x'] })).rejects.toMatchObject(rejection)
})
