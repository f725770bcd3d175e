import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import { download, get, getList, startSandbox, upload } from './support/running-sandbox.ts'

test.each([
  ['my photo (1).jpg', 'my_photo__1_.jpg'],
  ['Ünïcödé-写真_١.jpg', 'Ünïcödé-写真_١.jpg'],
  ['a/b\\c?.jpg', 'a_b_c_.jpg'],
  ['..', '__'],
])('the file name %s becomes %s', async (fileName, name) => {
  const sandbox = await startSandbox()
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    fileName,
    useUniqueFileName: 'false',
  })
  expect(body).toMatchObject({ name, filePath: `/${name}` })
  expect((await download(body['url'])).response.status).toBe(200)
})

test.each([
  ['images/products', '/images/products/a.jpg'],
  ['//images///new products/', '/images/new_products/a.jpg'],
  ['/', '/a.jpg'],
  ['../up', '/__/up/a.jpg'],
])('the folder %s puts the file at %s', async (folder, filePath) => {
  const sandbox = await startSandbox()
  const fields = { file: imageFile('shirt.jpg'), fileName: 'a.jpg', useUniqueFileName: 'false', folder }
  expect((await upload(sandbox, fields)).body['filePath']).toBe(filePath)
})

test('responseFields adds fields to the response that are absent otherwise', async () => {
  const sandbox = await startSandbox()
  const fields = {
    file: imageFile('shirt.jpg'),
    tags: 'a, b,,a',
    isPrivateFile: 'true',
    isPublished: 'false',
    customCoordinates: '1,2,3,4',
    customMetadata: '{"n":1}',
    description: 'Shirt',
  }
  const expected = { tags: ['a', 'b'], isPrivateFile: true, isPublished: false, customCoordinates: '1,2,3,4' }
  const responseFields = `${Object.keys(expected).join(',')},customMetadata,embeddedMetadata,metadata`
  const { body } = await upload(sandbox, { ...fields, responseFields })
  expect(body).toMatchObject({ ...expected, customMetadata: { n: 1 }, description: 'Shirt' })
  expect(body['embeddedMetadata']).toMatchObject({
    Title: 'Red shirt',
    Description: 'A red shirt on white',
    Keywords: ['shirt', 'red'],
    Copyright: 'Public domain',
  })
  expect(body['metadata']).toMatchObject({ format: 'jpg', width: 240, hasTransparency: false })

  const { body: plain } = await upload(sandbox, fields)
  for (const name of responseFields.split(',')) expect(plain).not.toHaveProperty(name)
  const { body: details } = await get(sandbox, `/v1/files/${String(plain['fileId'])}/details`)
  expect(details).toMatchObject({
    ...expected,
    customMetadata: { n: 1 },
    embeddedMetadata: { Title: 'Red shirt' },
  })
})

test.each([
  ['shirt.jpg', { fileType: 'image', mime: 'image/jpeg', width: 240, height: 160, hasAlpha: false }],
  ['glass.png', { fileType: 'image', mime: 'image/png', width: 64, height: 96, hasAlpha: true }],
  ['leaf.webp', { fileType: 'image', mime: 'image/webp', width: 32, height: 32, hasAlpha: false }],
  ['sun.gif', { fileType: 'image', mime: 'image/gif', width: 24, height: 16 }],
])('the type of %s is detected from its bytes, not from its name', async (name, facts) => {
  const sandbox = await startSandbox()
  const { body } = await upload(sandbox, { file: imageFile(name), fileName: 'some.dat' })
  expect((await get(sandbox, `/v1/files/${String(body['fileId'])}/details`)).body).toMatchObject(facts)
  expect((await download(body['thumbnailUrl'])).response.headers.get('content-type')).toBe(facts.mime)
})

test('a file whose bytes have no known signature gets its type from its name, and has no dimensions or thumbnail', async () => {
  const sandbox = await startSandbox()
  const { body } = await upload(sandbox, { file: new File(['a,b\n1,2'], 'x'), fileName: 'table.csv' })
  expect(body).toMatchObject({ fileType: 'non-image', size: 7 })
  const { body: details } = await get(sandbox, `/v1/files/${String(body['fileId'])}/details`)
  expect(details['mime']).toBe('text/csv')
  for (const name of ['width', 'height', 'thumbnail', 'hasAlpha']) expect(details).not.toHaveProperty(name)
})

test('an upload of a video with a pre-transformation gets 202 without a fileId, and the file appears in the list', async () => {
  const sandbox = await startSandbox()
  // The first bytes of an MP4 file.
  const mp4 = Buffer.from('000000186674797069736f6d0000020069736f6d69736f32', 'hex')
  const { status, body } = await upload(sandbox, {
    file: new File([mp4], 'clip.mp4'),
    fileName: 'clip.mp4',
    transformation: '{"pre":"w-300","post":[{"type":"abs","value":"sr-240_360","protocol":"hls"}]}',
  })
  expect(status).toBe(202)
  expect(body).toEqual({ message: 'The pre-transformation has been queued successfully.' })
  expect(await getList(sandbox, '/v1/files')).toMatchObject([{ mime: 'video/mp4', fileType: 'non-image' }])
})
