import ImageKit, { NotFoundError, PermissionDeniedError, toFile } from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { imageBytes } from '../support/fixture-images.ts'
import { clientV6 } from '../support/sdk-v6.ts'
import { ADMIN_KEY, API_KEY, startTrackerAndSandbox } from '../support/tracker.ts'
import { statusOf } from '../support/webhooks.ts'

/** A tracker that forwards everything to a sandbox, and a client that knows only the tracker. */
async function startWithClient(privateKey = ADMIN_KEY) {
  const { tracker } = await startTrackerAndSandbox({ IMAGEKIT_PASSTHROUGH: 'all' })
  return { tracker, client: new ImageKit({ privateKey, baseURL: tracker.url, maxRetries: 0 }) }
}

async function shirt(more: { extensions?: ImageKit.Extensions; folder?: string; tags?: string[] } = {}) {
  const file = await toFile(imageBytes('shirt.jpg'), 'shirt.jpg')
  return { file, fileName: 'shirt.jpg', useUniqueFileName: false, folder: '/products', ...more }
}

test('with only its baseURL changed, version 7 of the SDK uploads, reads, changes, copies, moves, renames and deletes files', async () => {
  const { client } = await startWithClient()
  const { fileId = '' } = await client.files.upload(await shirt())
  expect(await client.files.get(fileId)).toMatchObject({ fileId, filePath: '/products/shirt.jpg' })
  expect(await client.assets.list({ searchQuery: 'name = "shirt.jpg"' })).toMatchObject([{ fileId }])
  expect(await client.files.update(fileId, { tags: ['a'] })).toMatchObject({ tags: ['a'] })
  await client.files.copy({ sourceFilePath: '/products/shirt.jpg', destinationPath: '/copies' })
  const [copy] = await client.assets.list({ path: '/copies' })
  expect(copy).not.toMatchObject({ fileId })
  await client.files.move({ sourceFilePath: '/products/shirt.jpg', destinationPath: '/moved' })
  expect(await client.files.get(fileId)).toMatchObject({ filePath: '/moved/shirt.jpg' })
  await client.files.rename({ filePath: '/moved/shirt.jpg', newFileName: 'coat.jpg' })
  expect(await client.files.get(fileId)).toMatchObject({ filePath: '/moved/coat.jpg' })
  await client.files.upload({ ...(await shirt({ folder: '/moved' })), fileName: 'coat.jpg' })
  const [second, first] = await client.files.versions.list(fileId)
  const versionId = first?.versionInfo?.id ?? ''
  expect(await client.files.versions.get(versionId, { fileId })).toMatchObject({ type: 'file-version' })
  expect(await client.files.versions.restore(versionId, { fileId })).toMatchObject({
    versionInfo: { name: 'Version 1' },
  })
  await client.files.versions.delete(second?.versionInfo?.id ?? '', { fileId })
  expect(await client.files.versions.list(fileId)).toHaveLength(1)
  await client.files.delete(fileId)
  await expect(client.files.get(fileId)).rejects.toThrow(NotFoundError)
})

test('the SDK also changes many files, folders and custom metadata fields, and purges caches', async () => {
  const { client } = await startWithClient()
  const { fileId = '', url } = await client.files.upload(await shirt())
  const fileIds = [fileId]
  await client.files.bulk.addTags({ fileIds, tags: ['x'] })
  await client.files.bulk.removeTags({ fileIds, tags: ['x'] })
  await client.files.bulk.removeAITags({ fileIds, AITags: ['Shirt'] })
  expect(await client.files.metadata.get(fileId)).toMatchObject({ width: 240 })
  const { requestId = '' } = await client.cache.invalidation.create({ url: url ?? '' })
  expect(await client.cache.invalidation.get(requestId)).toEqual({ status: 'Completed' })
  await client.folders.create({ folderName: 'new', parentFolderPath: '/' })
  const { jobId } = await client.folders.copy({ sourceFolderPath: '/products', destinationPath: '/new' })
  expect(await client.folders.job.get(jobId)).toMatchObject({ status: 'Completed' })
  await client.folders.move({ sourceFolderPath: '/new/products', destinationPath: '/other' })
  await client.folders.rename({ folderPath: '/other', newFolderName: 'last' })
  await client.folders.delete({ folderPath: '/last' })
  const field = await client.customMetadataFields.create({
    name: 'price',
    label: 'Price',
    schema: { type: 'Number' },
  })
  await client.customMetadataFields.update(field.id, { label: 'Cost' })
  expect(await client.customMetadataFields.list()).toMatchObject([{ label: 'Cost' }])
  await client.customMetadataFields.delete(field.id)
  expect(await client.savedExtensions.get('ext_ai-tasks')).toMatchObject({ config: { name: 'ai-tasks' } })
  expect(await client.files.bulk.delete({ fileIds })).toEqual({ successfullyDeletedFileIds: fileIds })
})

test('with an API key, the SDK changes files, but does not delete any', async () => {
  const { client } = await startWithClient(API_KEY)
  const { fileId = '' } = await client.files.upload(await shirt())
  await client.files.rename({ filePath: '/products/shirt.jpg', newFileName: 'coat.jpg' })
  await expect(client.files.delete(fileId)).rejects.toThrow(PermissionDeniedError)
  await expect(client.files.bulk.delete({ fileIds: [fileId] })).rejects.toThrow('requires an admin key')
  await expect(client.folders.delete({ folderPath: '/products' })).rejects.toThrow(PermissionDeniedError)
  expect(await client.files.get(fileId)).toMatchObject({ name: 'coat.jpg' })
})

test('version 6 of the SDK also works through the tracker alone', async () => {
  const { tracker } = await startTrackerAndSandbox({ IMAGEKIT_PASSTHROUGH: 'all' })
  const client = clientV6(tracker.url, ADMIN_KEY)
  const { fileId } = await client.upload({ file: imageBytes('shirt.jpg'), fileName: 'shirt.jpg' })
  expect(await client.getFileDetails(fileId)).toMatchObject({ fileId })
  expect(await client.listFiles({ limit: 5 })).toMatchObject([{ fileId }])
  expect(await client.updateFileDetails(fileId, { tags: ['two'] })).toMatchObject({ tags: ['two'] })
  expect(await client.getFileVersions(fileId)).toHaveLength(1)
  await client.deleteFile(fileId)
  await expect(client.getFileDetails(fileId)).rejects.toMatchObject({
    message: 'The requested file does not exist.',
  })
})

const PENDING = { extensions: [{ name: 'remove-bg' as const }], tags: ['sandbox:remove-bg=pending'] }

test('when a file is deleted through the tracker, its pending extensions expire at once', async () => {
  const { tracker, client } = await startWithClient()
  const { fileId = '' } = await client.files.upload(await shirt(PENDING))
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
  await client.files.delete(fileId)
  expect(await statusOf(tracker, fileId)).toMatchObject({
    status: 'expired',
    extensions: [{ name: 'remove-bg', status: 'expired', source: 'expiry' }],
  })
})

test('when many files are deleted at once, the pending extensions of those that ImageKit has deleted expire', async () => {
  const { tracker, client } = await startWithClient()
  const { fileId: first = '' } = await client.files.upload(await shirt(PENDING))
  const { fileId: second = '' } = await client.files.upload(await shirt({ ...PENDING, folder: '/b' }))
  const absent = '0'.repeat(24)
  await expect(client.files.bulk.delete({ fileIds: [first, absent] })).rejects.toThrow(NotFoundError)
  expect(await statusOf(tracker, first)).toMatchObject({ status: 'pending' })
  await client.files.bulk.delete({ fileIds: [first, second] })
  for (const fileId of [first, second])
    expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'expired' })
})
