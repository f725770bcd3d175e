import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import { get, getList, remove, startSandbox, upload } from './support/running-sandbox.ts'
import { schemaProblems } from './support/schema.ts'

async function startWithFiles() {
  const sandbox = await startSandbox()
  const names = ['shirt.jpg', 'glass.png', 'leaf.webp', 'sun.gif']
  const ids: string[] = []
  for (const name of names) {
    const folder = name === 'sun.gif' ? '/sky/day' : '/'
    const fields = {
      file: imageFile(name),
      fileName: name,
      useUniqueFileName: 'false',
      folder,
      tags: `t-${name}`,
    }
    ids.push(String((await upload(sandbox, fields)).body['fileId']))
  }
  const list = (query: Record<string, string>) =>
    getList(sandbox, `/v1/files?${new URLSearchParams(query).toString()}`)
  const namesOf = async (query: Record<string, string>) => (await list(query)).map(({ name }) => name)
  return { sandbox, ids, list, namesOf }
}

test('the list is in upload order unless sort says otherwise, and skip and limit page through it', async () => {
  const { namesOf } = await startWithFiles()
  expect(await namesOf({})).toEqual(['shirt.jpg', 'glass.png', 'leaf.webp', 'sun.gif'])
  expect(await namesOf({ limit: '2' })).toEqual(['shirt.jpg', 'glass.png'])
  expect(await namesOf({ skip: '2', limit: '1' })).toEqual(['leaf.webp'])
  expect(await namesOf({ sort: 'DESC_SIZE', limit: '1' })).toEqual(['shirt.jpg'])
  expect(await namesOf({ sort: 'ASC_NAME' })).toEqual(['glass.png', 'leaf.webp', 'shirt.jpg', 'sun.gif'])
})

test('searchQuery finds files by id, name, width and tags', async () => {
  const { namesOf, ids } = await startWithFiles()
  expect(await namesOf({ searchQuery: `id IN ["${ids[2]}","${ids[0]}"]` })).toEqual([
    'shirt.jpg',
    'leaf.webp',
  ])
  expect(await namesOf({ searchQuery: `id = "${ids[1]}"` })).toEqual(['glass.png'])
  expect(await namesOf({ searchQuery: 'name = "sun.gif"' })).toEqual(['sun.gif'])
  expect(await namesOf({ searchQuery: 'name IN ["sun.gif", "none"]' })).toEqual(['sun.gif'])
  expect(await namesOf({ searchQuery: 'name : "s" AND NOT (id = "x" OR width < 30)' })).toEqual(['shirt.jpg'])
  expect(await namesOf({ searchQuery: 'tags IN ["t-leaf.webp"]' })).toEqual(['leaf.webp'])
  expect(await namesOf({ searchQuery: `id = "${'0'.repeat(24)}"` })).toEqual([])
})

test('name, tags, path, type and fileType narrow the list', async () => {
  const { namesOf, list, sandbox } = await startWithFiles()
  await upload(sandbox, { file: new File(['x'], 'a'), fileName: 'note.txt', useUniqueFileName: 'false' })
  await upload(sandbox, { file: new File(['y'], 'a'), fileName: 'note.txt', useUniqueFileName: 'false' })
  expect(await namesOf({ name: 'leaf.webp' })).toEqual(['leaf.webp'])
  expect(await namesOf({ tags: 't-sun.gif,t-glass.png' })).toEqual(['glass.png', 'sun.gif'])
  expect(await namesOf({ path: 'sky/day' })).toEqual(['sun.gif'])
  expect(await namesOf({ fileType: 'non-image' })).toEqual(['note.txt'])
  expect(await list({ type: 'file-version' })).toMatchObject([
    { type: 'file-version', versionInfo: { name: 'Version 1' } },
  ])
  const folders = await list({ type: 'folder' })
  expect(folders.map(({ folderPath }) => folderPath)).toEqual(['/sky', '/sky/day'])
  for (const folder of folders) expect(schemaProblems('folder', folder)).toEqual([])
  // Five files and two folders.
  expect(await list({ type: 'all' })).toHaveLength(7)
})

test.each([
  ['skip=-1', 'The value of skip parameter should be greater than or equal to 0. Value sent is -1.'],
  ['limit=0', 'Minimum value of limit parameter is 1. Value sent is 0.'],
  ['limit=2000', 'Maximum value of limit parameter is 1000. Value sent is 2000.'],
  ['sort=BIGGEST', 'Your request contains invalid value for sort parameters.'],
  [
    'type=picture',
    'Your request contains invalid value for type parameter. Please provide one of the following: file, file-version, folder, all.',
  ],
  ['searchQuery=id%20IN%20%5B', 'Your request contains invalid searchQuery parameter.'],
])('a list with %s is rejected', async (query, message) => {
  const sandbox = await startSandbox()
  expect(await get(sandbox, `/v1/files?${query}`)).toMatchObject({ status: 400, body: { message } })
})

test('a deleted file disappears with its versions, its list entry and its url', async () => {
  const { sandbox, ids, list } = await startWithFiles()
  const [{ url } = {}] = await list({ searchQuery: `id = "${ids[0]}"` })
  expect(await remove(sandbox, ids[0])).toBe(204)
  expect(await remove(sandbox, ids[0])).toBe(404)
  for (const path of ['details', 'versions']) {
    expect((await get(sandbox, `/v1/files/${ids[0]}/${path}`)).status).toBe(404)
  }
  expect(await list({ searchQuery: `id = "${ids[0]}"` })).toEqual([])
  expect((await fetch(String(url))).status).toBe(404)
})
