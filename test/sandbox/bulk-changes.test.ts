import ImageKit, { toFile } from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { imageBytes } from '../support/fixture-images.ts'
import { PRIVATE_KEY, startSandbox } from './support/running-sandbox.ts'

async function startWithFiles(count: number) {
  const sandbox = await startSandbox()
  const client = new ImageKit({ privateKey: PRIVATE_KEY, baseURL: sandbox.url })
  const fileIds: string[] = []
  for (let index = 0; index < count; index++) {
    const { fileId = '' } = await client.files.upload({
      file: await toFile(imageBytes('shirt.jpg'), 'shirt.jpg'),
      fileName: 'shirt.jpg',
      tags: ['old', 'sandbox:aws-auto-tagging=success-now'],
      extensions: [{ name: 'aws-auto-tagging', minConfidence: 0, maxTags: 5 }],
    })
    fileIds.push(fileId)
  }
  return { client, fileIds }
}

const ABSENT = '0'.repeat(24)

test('tags and AI tags of many files are added and removed at once', async () => {
  const { client, fileIds } = await startWithFiles(2)
  const { bulk } = client.files
  expect(await bulk.addTags({ fileIds, tags: ['new', 'old'] })).toEqual({
    successfullyUpdatedFileIds: fileIds,
  })
  await bulk.removeTags({ fileIds, tags: ['old'] })
  const [first = ''] = fileIds
  const { tags, AITags } = await client.files.get(first)
  expect(tags).toEqual(['sandbox:aws-auto-tagging=success-now', 'new'])
  await bulk.removeAITags({ fileIds, AITags: AITags?.map(({ name = '' }) => name) ?? [] })
  for (const fileId of fileIds) expect(await client.files.get(fileId)).toMatchObject({ AITags: null })
})

test('many files are deleted at once', async () => {
  const { client, fileIds } = await startWithFiles(2)
  expect(await client.files.bulk.delete({ fileIds })).toEqual({ successfullyDeletedFileIds: fileIds })
  expect(await client.assets.list()).toEqual([])
})

test('if one file is missing, no file changes; too many or no files are rejected', async () => {
  const { client, fileIds } = await startWithFiles(1)
  const { bulk } = client.files
  const missing = { status: 404, error: { missingFileIds: [ABSENT] } }
  await expect(bulk.addTags({ fileIds: [...fileIds, ABSENT], tags: ['x'] })).rejects.toMatchObject(missing)
  await expect(bulk.delete({ fileIds: [...fileIds, ABSENT] })).rejects.toMatchObject(missing)
  expect(await client.files.get(fileIds[0] ?? '')).not.toMatchObject({ tags: expect.arrayContaining(['x']) })
  const tooMany = Array.from({ length: 101 }, () => ABSENT)
  await expect(bulk.delete({ fileIds: tooMany })).rejects.toThrow('cannot have more than 100 items')
  await expect(bulk.removeTags({ fileIds: tooMany, tags: ['x'] })).rejects.toThrow('A maximum of 50 files')
  await expect(bulk.removeTags({ fileIds: [], tags: ['x'] })).rejects.toThrow('fileIds is empty.')
  await expect(bulk.removeTags({ fileIds, tags: [] })).rejects.toThrow('tags array cannot be empty.')
})
