import { createRequire } from 'node:module'
import { afterEach, expect, test } from 'vitest'
import { imageBytes } from './support/fixture-images.ts'
import { PRIVATE_KEY, type RunningSandbox, startSandbox } from './support/running-sandbox.ts'
import { startReceiver } from './support/webhook-receiver.ts'

type Uploaded = Record<string, unknown> & { fileId: string; url: string; tags: string[] }
type Client = {
  upload(options: object): Promise<Uploaded & { $ResponseMetadata: { headers: Record<string, string> } }>
  getFileDetails(fileId: string): Promise<unknown>
  getFileVersions(fileId: string): Promise<unknown>
  listFiles(options: object): Promise<unknown>
  updateFileDetails(fileId: string, changes: object): Promise<unknown>
  deleteFile(fileId: string): Promise<unknown>
}

const load = createRequire(import.meta.url)
// Its own types leave no usable type for what `upload` resolves to.
const ImageKit: new (options: object) => Client = load('imagekit')

type Axios = {
  interceptors: { request: { use(change: (config: { url: string }) => object): number; clear(): void } }
}

// The very axios that the SDK requires: its API host is hard-coded there.
const axios: Axios = createRequire(load.resolve('imagekit'))('axios')

afterEach(() => axios.interceptors.request.clear())

function clientFor(sandbox: RunningSandbox): Client {
  axios.interceptors.request.use((config) => {
    config.url = config.url.replace('https://api.imagekit.io', sandbox.url)
    return config
  })
  return new ImageKit({
    publicKey: 'public',
    privateKey: PRIVATE_KEY,
    urlEndpoint: sandbox.url,
    uploadEndpoint: `${sandbox.url}/api/v1/files/upload`,
  })
}

test('version 6 of the SDK uploads a Buffer with extensions and reads, updates and deletes the file', async () => {
  const sandbox = await startSandbox()
  const client = clientFor(sandbox)
  const receiver = await startReceiver()
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
  const client = clientFor(sandbox)
  const first = await client.upload({ file: imageBytes('leaf.webp'), fileName: 'leaf.webp' })
  const copy = await client.upload({ file: first.url, fileName: 'copy.webp', useUniqueFileName: false })
  expect(copy).toMatchObject({ name: 'copy.webp', size: imageBytes('leaf.webp').length, width: 32 })
})
