import ImageKit, { ConflictError, NotFoundError, toFile } from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { imageBytes } from '../support/fixture-images.ts'
import { PRIVATE_KEY, startSandbox } from './support/running-sandbox.ts'

async function startWithFile() {
  const sandbox = await startSandbox()
  const client = new ImageKit({ privateKey: PRIVATE_KEY, baseURL: sandbox.url, maxRetries: 0 })
  const { fileId = '' } = await client.files.upload({
    file: await toFile(imageBytes('sun.gif'), 'sun.gif'),
    fileName: 'sun.gif',
    folder: '/sky/day',
    useUniqueFileName: false,
  })
  const foldersIn = async (path: string) =>
    (await client.assets.list({ type: 'folder', path })).map(({ name }) => name)
  return { sandbox, client, fileId, foldersIn }
}

test('a created folder is listed, also after a restart, until it is deleted with everything in it', async () => {
  const { sandbox, client, foldersIn, fileId } = await startWithFile()
  expect(await client.folders.create({ folderName: 'night sky', parentFolderPath: '/sky' })).toEqual({})
  expect(await foldersIn('/sky')).toEqual(['day', 'night_sky'])
  await sandbox.stop()
  const restarted = await startSandbox({ directory: sandbox.directory })
  const again = new ImageKit({ privateKey: PRIVATE_KEY, baseURL: restarted.url })
  expect(await again.assets.list({ type: 'folder', path: '/sky' })).toHaveLength(2)
  await again.folders.delete({ folderPath: '/sky/' })
  expect(await again.assets.list({ type: 'all' })).toEqual([])
  await expect(again.files.get(fileId)).rejects.toThrow(NotFoundError)
  await expect(again.folders.delete({ folderPath: '/sky/' })).rejects.toMatchObject({
    status: 404,
    error: { reason: 'FOLDER_NOT_FOUND' },
  })
})

test('folders are copied, moved and renamed by jobs: a copy has new files, all others keep their fileId', async () => {
  const { client, fileId } = await startWithFile()
  const pathOf = async () => (await client.files.get(fileId)).filePath
  const copied = await client.folders.copy({ sourceFolderPath: '/sky/day', destinationPath: '/copies' })
  expect(await client.folders.job.get(copied.jobId)).toEqual({
    jobId: copied.jobId,
    type: 'COPY_FOLDER',
    status: 'Completed',
  })
  const [copy] = await client.assets.list({ path: '/copies/day' })
  expect(copy).toMatchObject({ name: 'sun.gif' })
  expect(copy).not.toMatchObject({ fileId })
  await client.folders.move({ sourceFolderPath: '/sky', destinationPath: '/moved' })
  expect(await pathOf()).toBe('/moved/sky/day/sun.gif')
  await client.folders.rename({ folderPath: '/moved/sky', newFolderName: 'heaven' })
  expect(await pathOf()).toBe('/moved/heaven/day/sun.gif')
})

test('jobs about a missing folder, into the folder itself, or to a name that is taken are rejected', async () => {
  const { client } = await startWithFile()
  const { folders } = client
  await expect(folders.copy({ sourceFolderPath: '/none', destinationPath: '/x' })).rejects.toMatchObject({
    status: 404,
    error: { reason: 'NO_FILES_FOLDER' },
  })
  await expect(folders.move({ sourceFolderPath: '/sky', destinationPath: '/sky/day' })).rejects.toThrow(
    'parent folder cannot be moved into child folder',
  )
  await folders.create({ folderName: 'sea', parentFolderPath: '/' })
  await expect(folders.rename({ folderPath: '/sea', newFolderName: 'sky' })).rejects.toThrow(ConflictError)
  await expect(folders.delete({ folderPath: '/' })).rejects.toMatchObject({ status: 400 })
  await expect(folders.job.get('none')).rejects.toThrow('The requested job does not exist.')
})
