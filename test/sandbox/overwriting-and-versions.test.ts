import { expect, test } from 'vitest'
import { imageBytes, imageFile } from '../support/fixture-images.ts'
import { download, get, getList, patch, startSandbox, upload } from './support/running-sandbox.ts'

const SAME_PATH = { fileName: 'shirt.jpg', useUniqueFileName: 'false' }

test('uploads get unique names unless useUniqueFileName is false', async () => {
  const sandbox = await startSandbox()
  const [first, second] = [
    await upload(sandbox, { file: imageFile('shirt.jpg'), fileName: 'shirt.jpg' }),
    await upload(sandbox, { file: imageFile('shirt.jpg'), fileName: 'shirt.jpg' }),
  ]
  expect(first.body['name']).toMatch(/^shirt_[A-Za-z0-9_]{9}\.jpg$/)
  expect(second.body['name']).not.toBe(first.body['name'])
  expect(second.body['fileId']).not.toBe(first.body['fileId'])
  const { body } = await upload(sandbox, { file: imageFile('shirt.jpg'), ...SAME_PATH })
  expect(body).toMatchObject({ name: 'shirt.jpg', filePath: '/shirt.jpg' })
})

test('overwriting adds a version under the same fileId, and older versions stay', async () => {
  const sandbox = await startSandbox()
  const { body: first } = await upload(sandbox, { file: imageFile('shirt.jpg'), ...SAME_PATH })
  const { body: second } = await upload(sandbox, { file: imageFile('glass.png'), ...SAME_PATH })
  expect(first['versionInfo']).toEqual({ id: first['fileId'], name: 'Version 1' })
  expect(second['fileId']).toBe(first['fileId'])
  expect(second['versionInfo']).toMatchObject({ name: 'Version 2' })
  expect(second['versionInfo']).not.toMatchObject({ id: first['fileId'] })

  const versions = await getList(sandbox, `/v1/files/${String(first['fileId'])}/versions`)
  expect(versions).toMatchObject([
    { type: 'file', width: 64, mime: 'image/png', versionInfo: second['versionInfo'] },
    { type: 'file-version', width: 240, mime: 'image/jpeg', versionInfo: first['versionInfo'] },
  ])
  expect((await download(versions[0]?.['url'])).bytes).toEqual(imageBytes('glass.png'))
  expect((await download(versions[1]?.['url'])).bytes).toEqual(imageBytes('shirt.jpg'))
})

test('an overwriting upload removes the details it does not send', async () => {
  const sandbox = await startSandbox()
  const details = { tags: 'a,b', customMetadata: '{"brand":"Nike"}', customCoordinates: '1,2,3,4' }
  const tagger = { extensions: '[{"name":"aws-auto-tagging"}]' }
  const tags = `${details.tags},sandbox:aws-auto-tagging=success-now`
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    ...SAME_PATH,
    ...details,
    ...tagger,
    tags,
  })
  expect(body['AITags']).not.toBeNull()
  const overwritten = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    ...SAME_PATH,
    responseFields: 'tags,customMetadata,customCoordinates',
  })
  expect(overwritten.body).toMatchObject({
    tags: null,
    customMetadata: {},
    customCoordinates: null,
    AITags: null,
  })
})

test('with overwriteTags, overwriteAITags and overwriteCustomMetadata=false, an overwriting upload keeps tags, AI tags and custom metadata that it does not send', async () => {
  const sandbox = await startSandbox()
  const responseFields = 'tags,customMetadata'
  const keep = { overwriteTags: 'false', overwriteAITags: 'false', overwriteCustomMetadata: 'false' }
  const { body: first } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    ...SAME_PATH,
    tags: 'a,sandbox:aws-auto-tagging=success-now',
    customMetadata: '{"brand":"Nike"}',
    extensions: '[{"name":"aws-auto-tagging"}]',
    responseFields,
  })
  const { body: kept } = await upload(sandbox, {
    file: imageFile('sun.gif'),
    ...SAME_PATH,
    ...keep,
    responseFields,
  })
  for (const name of ['tags', 'customMetadata', 'AITags']) expect(kept[name]).toEqual(first[name])
  // Values that the upload sends still replace the previous ones.
  const { body: sent } = await upload(sandbox, {
    file: imageFile('sun.gif'),
    ...SAME_PATH,
    ...keep,
    tags: 'c',
    customMetadata: '{"color":"red"}',
    responseFields,
  })
  expect(sent).toMatchObject({ tags: ['c'], customMetadata: { color: 'red' } })
  expect(sent['customMetadata']).not.toHaveProperty('brand')
})

test('with overwriteFile=false and useUniqueFileName=false, a name that exists in the folder is rejected', async () => {
  const sandbox = await startSandbox()
  const fields = { ...SAME_PATH, overwriteFile: 'false', folder: '/a/' }
  expect((await upload(sandbox, { file: imageFile('shirt.jpg'), ...fields })).status).toBe(200)
  const { status, body } = await upload(sandbox, { file: imageFile('shirt.jpg'), ...fields })
  expect(status).toBe(400)
  expect(body['message']).toBe(
    'A file with the same name already exists at the exact location. We could not overwrite it because both overwriteFile and useUniqueFileName are set to false.',
  )
  expect((await upload(sandbox, { file: imageFile('shirt.jpg'), ...fields, folder: '/b' })).status).toBe(200)
})

test('concurrent uploads to one path become versions of one file', async () => {
  const sandbox = await startSandbox()
  const uploads = await Promise.all(
    Array.from({ length: 8 }, () => upload(sandbox, { file: imageFile('sun.gif'), ...SAME_PATH })),
  )
  expect(new Set(uploads.map(({ body }) => body['fileId'])).size).toBe(1)
  const versions = await getList(sandbox, `/v1/files/${String(uploads[0]?.body['fileId'])}/versions`)
  expect(versions.map(({ versionInfo }) => versionInfo)).toMatchObject(
    [8, 7, 6, 5, 4, 3, 2, 1].map((number) => ({ name: `Version ${number}` })),
  )
})

test('a file has at most 100 versions', async () => {
  const sandbox = await startSandbox()
  for (let version = 1; version <= 100; version++) {
    expect(
      (
        await upload(sandbox, {
          file: new Blob([`v${version}`]),
          fileName: 'a.txt',
          useUniqueFileName: 'false',
        })
      ).status,
    ).toBe(200)
  }
  const { status, body } = await upload(sandbox, {
    file: new Blob(['x']),
    fileName: 'a.txt',
    useUniqueFileName: 'false',
  })
  expect(status).toBe(400)
  expect(body['message']).toContain('maximum of 100 versions')
})

test('publish applies to the current version, or with includeFileVersions to all versions', async () => {
  const sandbox = await startSandbox()
  const { body } = await upload(sandbox, { file: imageFile('shirt.jpg'), ...SAME_PATH })
  await upload(sandbox, { file: imageFile('sun.gif'), ...SAME_PATH })
  const published = async () => {
    const versions = await getList(sandbox, `/v1/files/${String(body['fileId'])}/versions`)
    return versions.map(({ isPublished }) => isPublished)
  }
  await patch(sandbox, body['fileId'], { publish: { isPublished: false } })
  expect(await published()).toEqual([false, true])
  await patch(sandbox, body['fileId'], { publish: { isPublished: false, includeFileVersions: true } })
  expect(await published()).toEqual([false, false])
  expect((await get(sandbox, `/v1/files/${String(body['fileId'])}/details`)).body['isPublished']).toBe(false)
})
