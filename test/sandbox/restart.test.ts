import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { imageBytes, imageFile } from '../support/fixture-images.ts'
import { download, get, getList, startSandbox, upload } from './support/running-sandbox.ts'

const SAME_PATH = { fileName: 'shirt.jpg', useUniqueFileName: 'false' }

test('a new sandbox on the same directory has the same files, versions and bytes, with URLs at its own address', async () => {
  const first = await startSandbox()
  const { body } = await upload(first, {
    file: imageFile('shirt.jpg'),
    ...SAME_PATH,
    tags: 'a,sandbox:remove-bg=success-now',
    extensions: '[{"name":"remove-bg"}]',
    customMetadata: '{"n":1}',
  })
  const path = `/v1/files/${String(body['fileId'])}`
  const before = await getList(first, `${path}/versions`)
  await first.stop()

  const second = await startSandbox({ directory: first.directory })
  const after = await getList(second, `${path}/versions`)
  const withoutOrigin = (versions: object[], url: string) =>
    JSON.parse(JSON.stringify(versions).replaceAll(url, ''))
  expect(withoutOrigin(after, second.url)).toEqual(withoutOrigin(before, first.url))
  expect((await download(after[1]?.['url'])).bytes).toEqual(imageBytes('shirt.jpg'))
  // An upload to the same path adds a version to the file, and the version numbers continue.
  const { body: third } = await upload(second, { file: imageFile('sun.gif'), ...SAME_PATH })
  expect(third).toMatchObject({ fileId: body['fileId'], versionInfo: { name: 'Version 3' } })
})

test('at its start, a sandbox removes uploads that a crash interrupted', async () => {
  const first = await startSandbox()
  await upload(first, { file: imageFile('shirt.jpg'), ...SAME_PATH })
  await first.stop()
  await writeFile(join(first.directory, 'spool', 'half-an-upload'), 'abc')
  const second = await startSandbox({ directory: first.directory })
  expect((await get(second, '/v1/files')).body).toHaveLength(1)
  expect(await readdir(join(first.directory, 'spool'))).toEqual([])
})

test('the URLs of files and thumbnails start with publicUrl', async () => {
  const sandbox = await startSandbox({ publicUrl: 'https://files.example.com/demo' })
  const { body } = await upload(sandbox, { file: imageFile('shirt.jpg'), ...SAME_PATH })
  expect(body['url']).toBe('https://files.example.com/demo/shirt.jpg')
  expect(body['thumbnailUrl']).toBe('https://files.example.com/demo/tr:n-ik_ml_thumbnail/shirt.jpg')
})
