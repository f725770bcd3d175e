import ImageKit, { ConflictError, NotFoundError, toFile } from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { imageBytes } from '../support/fixture-images.ts'
import { download, PRIVATE_KEY, startSandbox } from './support/running-sandbox.ts'
import { schemaProblems } from './support/schema.ts'

async function startWithClient() {
  const sandbox = await startSandbox()
  const client = new ImageKit({ privateKey: PRIVATE_KEY, baseURL: sandbox.url, maxRetries: 0 })
  const put = async (image: string, folder: string, fileName = 'photo') => {
    const file = await toFile(imageBytes(image), image)
    const { fileId = '' } = await client.files.upload({
      file,
      fileName,
      folder,
      useUniqueFileName: false,
      tags: [image],
    })
    return fileId
  }
  const idsIn = async (path: string) =>
    (await client.assets.list({ path })).map((asset) => ('fileId' in asset ? asset.fileId : undefined))
  return { sandbox, client, put, idsIn }
}

test('a copy is a new file with its own fileId, bytes and details', async () => {
  const { client, put, idsIn } = await startWithClient()
  const fileId = await put('shirt.jpg', '/a')
  await client.files.copy({ sourceFilePath: '/a/photo', destinationPath: '/b' })
  const [copyId = ''] = await idsIn('/b')
  expect(copyId).not.toBe(fileId)
  await client.files.delete(fileId)
  const copy = await client.files.get(copyId)
  expect(copy).toMatchObject({ filePath: '/b/photo', tags: ['shirt.jpg'], versionInfo: { id: copyId } })
  expect((await download(copy.url)).bytes).toEqual(imageBytes('shirt.jpg'))
})

test('a moved or renamed file keeps its fileId and its versions, and leaves its old path', async () => {
  const { client, put, idsIn } = await startWithClient()
  const fileId = await put('shirt.jpg', '/a')
  await put('glass.png', '/a')
  await client.files.move({ sourceFilePath: '/a/photo', destinationPath: '/b/c' })
  expect(await client.files.rename({ filePath: '/b/c/photo', newFileName: 'new name' })).toEqual({})
  expect(await client.files.get(fileId)).toMatchObject({ filePath: '/b/c/new_name', name: 'new_name' })
  expect(await client.files.versions.list(fileId)).toHaveLength(2)
  expect(await idsIn('/a')).toEqual([])
})

test('at a path that is taken, a copied or moved file becomes further versions of the file that is there', async () => {
  const { client, put } = await startWithClient()
  const target = await put('sun.gif', '/b')
  const source = await put('shirt.jpg', '/a')
  await put('glass.png', '/a')
  await client.files.copy({ sourceFilePath: '/a/photo', destinationPath: '/b' })
  expect(await client.files.get(target)).toMatchObject({
    mime: 'image/png',
    versionInfo: { name: 'Version 2' },
  })
  await client.files.copy({ sourceFilePath: '/a/photo', destinationPath: '/b', includeFileVersions: true })
  expect(await client.files.versions.list(target)).toHaveLength(4)
  await client.files.move({ sourceFilePath: '/a/photo', destinationPath: '/b' })
  expect(await client.files.versions.list(target)).toHaveLength(6)
  await expect(client.files.get(source)).rejects.toThrow(NotFoundError)
})

test('copies, moves and renames without a source, or to a name that is taken, are rejected', async () => {
  const { client, put } = await startWithClient()
  const absent = { sourceFilePath: '/a/none', destinationPath: '/b' }
  const reason = { error: { reason: 'SOURCE_FILE_MISSING' } }
  await expect(client.files.copy(absent)).rejects.toMatchObject(reason)
  await expect(client.files.move(absent)).rejects.toMatchObject(reason)
  await expect(client.files.rename({ filePath: '/a/none', newFileName: 'x' })).rejects.toThrow(NotFoundError)
  await put('sun.gif', '/a', 'one')
  await put('sun.gif', '/a', 'two')
  await expect(client.files.rename({ filePath: '/a/one', newFileName: 'two' })).rejects.toThrow(ConflictError)
  await expect(client.files.copy({ sourceFilePath: '/a/one', destinationPath: '/a' })).rejects.toMatchObject({
    status: 400,
    error: { reason: 'SAME_SOURCE_AND_DESTINATION' },
  })
})

test('an older version can be read, restored as the current one, and deleted when it is not the current one', async () => {
  const { client, put } = await startWithClient()
  const fileId = await put('shirt.jpg', '/a')
  const { createdAt } = await client.files.get(fileId)
  await put('glass.png', '/a')
  const { versionInfo: second } = await client.files.get(fileId)
  expect(await client.files.versions.get(fileId, { fileId })).toMatchObject({ type: 'file-version' })
  await expect(client.files.versions.delete(second?.id ?? '', { fileId })).rejects.toThrow(
    'You cannot delete current version of a file.',
  )
  const restored = await client.files.versions.restore(fileId, { fileId })
  expect(schemaProblems('file-details', restored, true)).toEqual([])
  expect(restored).toMatchObject({ type: 'file', mime: 'image/jpeg', versionInfo: { name: 'Version 1' } })
  expect(restored).toMatchObject({ createdAt })
  await client.files.versions.delete(second?.id ?? '', { fileId })
  expect(await client.files.versions.list(fileId)).toHaveLength(1)
  await put('sun.gif', '/a')
  expect(await client.files.get(fileId)).toMatchObject({ versionInfo: { name: 'Version 2' } })
  await expect(client.files.versions.get(second?.id ?? '', { fileId })).rejects.toThrow(NotFoundError)
})

test('metadata is returned for an image, and purge requests complete', async () => {
  const { client, put } = await startWithClient()
  const fileId = await put('shirt.jpg', '/a')
  expect(await client.files.metadata.get(fileId)).toMatchObject({ width: 240, height: 160, format: 'jpg' })
  const { requestId = '' } = await client.cache.invalidation.create({ url: 'https://ik.imagekit.io/x.jpg' })
  expect(await client.cache.invalidation.get(requestId)).toEqual({ status: 'Completed' })
  await expect(client.cache.invalidation.get('none')).rejects.toMatchObject({ status: 400 })
})
