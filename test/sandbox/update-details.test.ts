import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import { get, patch, startSandbox, upload } from './support/running-sandbox.ts'

/** Starts a sandbox and uploads a file with tags, AI tags, a description, custom metadata and custom coordinates. */
async function startWithFile() {
  const sandbox = await startSandbox()
  const { body } = await upload(sandbox, {
    file: imageFile('shirt.jpg'),
    tags: 'a,sandbox:aws-auto-tagging=success-now',
    description: 'Shirt',
    customMetadata: '{"brand":"Nike","size":4}',
    customCoordinates: '1,2,3,4',
    extensions: '[{"name":"aws-auto-tagging","minConfidence":0,"maxTags":30}]',
  })
  return { sandbox, fileId: String(body['fileId']) }
}

test('an update changes the fields it sends and keeps the others', async () => {
  const { sandbox, fileId } = await startWithFile()
  const { status, body } = await patch(sandbox, fileId, {
    description: 'A shirt',
    customMetadata: { size: null, color: 'red' },
  })
  expect(status).toBe(200)
  expect(body).toMatchObject({
    description: 'A shirt',
    customCoordinates: '1,2,3,4',
    versionInfo: { name: 'Version 1' },
  })
  expect(body['customMetadata']).toEqual({ brand: 'Nike', color: 'red' })
  expect(body['tags']).toContain('a')
  expect(body['AITags']).not.toBeNull()
  expect(body).not.toHaveProperty('extensionStatus')
  expect((await get(sandbox, `/v1/files/${fileId}/details`)).body).toEqual(body)
})

test('null removes the value of a field', async () => {
  const { sandbox, fileId } = await startWithFile()
  const { body } = await patch(sandbox, fileId, { tags: null, customCoordinates: null, description: null })
  expect(body).toMatchObject({ tags: null, customCoordinates: null })
  expect(body).not.toHaveProperty('description')
})

test('removeAITags accepts names or "all"', async () => {
  const { sandbox, fileId } = await startWithFile()
  const some = await patch(sandbox, fileId, { removeAITags: ['White', 'Red'] })
  expect(some.body['AITags']).toContainEqual(expect.objectContaining({ name: 'Landscape' }))
  expect(some.body['AITags']).not.toContainEqual(expect.objectContaining({ name: 'White' }))
  expect((await patch(sandbox, fileId, { removeAITags: 'all' })).body['AITags']).toBeNull()
})

test('AITags are removed before extensions run, and a tagger replaces only its own tags', async () => {
  const { sandbox, fileId } = await startWithFile()
  const google = { name: 'google-auto-tagging', minConfidence: 0, maxTags: 1 }
  const tags = ['sandbox:google-auto-tagging=success-now', 'sandbox:aws-auto-tagging=success-now']
  const { body } = await patch(sandbox, fileId, { removeAITags: 'all', extensions: [google], tags })
  expect(body['extensionStatus']).toEqual({ 'google-auto-tagging': 'success' })
  expect(body['AITags']).toMatchObject([{ source: 'google-auto-tagging' }])
  const aws = { name: 'aws-auto-tagging', minConfidence: 0, maxTags: 1 }
  for (let round = 0; round < 2; round++) {
    const again = await patch(sandbox, fileId, { extensions: [aws] })
    expect(again.body['AITags']).toMatchObject([
      { source: 'google-auto-tagging' },
      { source: 'aws-auto-tagging' },
    ])
  }
})

test('the response to an update with an empty extensions array has no extensionStatus', async () => {
  const { sandbox, fileId } = await startWithFile()
  expect((await patch(sandbox, fileId, { extensions: [] })).body).not.toHaveProperty('extensionStatus')
})

test.each([
  ['{', 'invalid JSON'],
  // JSON, but not an object.
  ['[]', 'invalid JSON'],
  [{ tags: 'a,b' }, 'invalid tags parameter'],
  [{ tags: ['100%'] }, 'invalid tags parameter'],
  [{ customCoordinates: 'left' }, 'invalid customCoordinates parameter'],
  [{ extensions: '[{"name":"remove-bg"}]' }, 'invalid extensions parameter'],
  [{ removeAITags: 'some' }, 'invalid removeAITags parameter'],
  [{ webhookUrl: 'nowhere' }, 'invalid webhookUrl parameter'],
  [{ publish: { isPublished: 'yes' } }, 'invalid publish parameter'],
  [{ publish: { isPublished: true }, tags: [] }, 'both publish and other parameters'],
])('an update with %j is rejected and changes nothing', async (body, message) => {
  const { sandbox, fileId } = await startWithFile()
  const before = (await get(sandbox, `/v1/files/${fileId}/details`)).body
  const response = await patch(sandbox, fileId, body)
  expect(response.status).toBe(400)
  expect(response.body['message']).toContain(message)
  expect((await get(sandbox, `/v1/files/${fileId}/details`)).body).toEqual(before)
})

test('invalid custom metadata is rejected with an errors object', async () => {
  const { sandbox, fileId } = await startWithFile()
  const { status, body } = await patch(sandbox, fileId, { customMetadata: 'Nike' })
  expect(status).toBe(400)
  expect(body).toMatchObject({ message: 'Invalid custom metadata.', errors: expect.any(Object) })
})

test('an update of an unknown file gets 404, and one with an invalid fileId 400', async () => {
  const sandbox = await startSandbox()
  const unknown = await patch(sandbox, '0123456789abcdef01234567', { tags: [] })
  expect(unknown).toMatchObject({ status: 404, body: { message: 'The requested file does not exist.' } })
  expect(await patch(sandbox, 'nope', {})).toMatchObject({
    status: 400,
    body: { message: 'Your request contains invalid fileId parameter.' },
  })
})

test('updates() lists the updates that the sandbox received', async () => {
  const { sandbox, fileId } = await startWithFile()
  await patch(sandbox, fileId, { description: 'x' })
  expect(sandbox.updates()).toMatchObject([{ fileId, body: { description: 'x' } }])
})
