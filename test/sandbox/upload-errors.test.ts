import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import { get, postForm, startSandbox, upload } from './support/running-sandbox.ts'
import { schemaProblems } from './support/schema.ts'

const help = 'For support kindly contact us at support@imagekit.io.'
const invalid = (name: string) => `Your request contains invalid ${name} parameter.`
/** One more than an `ai-tasks` extension may have. */
const tooManyTasks = Array.from({ length: 11 }, () => ({ type: 'select_tags', instruction: 'x' }))

test.each([
  [{ fileName: '' }, 'Your request is missing fileName parameter.'],
  [{ extensions: 'remove-bg' }, invalid('extensions')],
  [{ extensions: '{"name":"remove-bg"}' }, invalid('extensions')],
  [{ extensions: '[{"options":{}}]' }, invalid('extensions')],
  [{ extensions: '[{"name":"saved-extension"}]' }, invalid('extensions')],
  [{ extensions: '[{"name":"aws-auto-tagging","minConfidence":120,"maxTags":5}]' }, invalid('extensions')],
  [
    { extensions: '[{"name":"remove-bg","options":{"bg_color":"red","bg_image_url":"https://a.b/c"}}]' },
    invalid('extensions'),
  ],
  [{ extensions: JSON.stringify([{ name: 'ai-tasks', tasks: tooManyTasks }]) }, invalid('extensions')],
  [{ customMetadata: '{brand}' }, invalid('customMetadata')],
  [{ customMetadata: '[1]' }, invalid('customMetadata')],
  [{ tags: '50%,b' }, invalid('tags')],
  // All tags together may have 500 characters.
  [{ tags: `${'a'.repeat(250)},${'b'.repeat(251)}` }, invalid('tags')],
  [{ customCoordinates: '10,10,100' }, invalid('customCoordinates')],
  [{ webhookUrl: 'not a url' }, invalid('webhookUrl')],
  [{ webhookUrl: 'ftp://host/x' }, invalid('webhookUrl')],
  [{ useUniqueFileName: 'maybe' }, invalid('useUniqueFileName')],
  // A folder may have 50 levels.
  [{ folder: 'x/'.repeat(51) }, invalid('folder')],
  [
    { transformation: '{"pre":' },
    'The file could not be uploaded because the transformation field is invalid.',
  ],
  [
    { transformation: '{"post":[{"type":"abs","value":"sr-240"}]}' },
    'The file could not be uploaded because the transformation field is invalid.',
  ],
  [
    { transformation: '{"post":[{"type":"abs","value":"sr-240","protocol":"hls"}]}' },
    'The file could not be uploaded because the detected file type & post-transformation are incompatible.',
  ],
  [{ checks: '"file.size" <' }, 'Your request contains invalid syntax for the checks parameter.'],
  [{ checks: '"file.colour" = "red"' }, 'Your request contains invalid syntax for the checks parameter.'],
  [{ checks: '"file.size" < "1KB"' }, "Your request failed 'checks' validation."],
  [
    { checks: '"request.folder" : "marketing/"', folder: 'sales' },
    "Your request failed 'checks' validation.",
  ],
])("an upload with %j is rejected with ImageKit's message", async (fields, message) => {
  const sandbox = await startSandbox()
  const { status, body } = await upload(sandbox, { file: imageFile('shirt.jpg'), ...fields })
  expect(status).toBe(400)
  expect(body['message']).toContain(message)
  expect(body['help']).toBe(help)
  expect(schemaProblems('error', body)).toEqual([])
  expect((await get(sandbox, '/v1/files')).body).toEqual([])
})

test.each([
  { checks: '"request.folder" : "marketing/" AND "file.size" < "1MB"', folder: '/marketing/2026' },
  { checks: '"request.tags" IN ["sale", "new"] OR "file.mime" = "image/png"', tags: 'x,new' },
  { checks: '"mediaMetadata.width" >= 240 AND NOT "mediaMetadata.height" > 160' },
  { checks: '"request.customMetadata.brand" = "Nike"', customMetadata: '{"brand":"Nike"}' },
])('an upload that passes its checks is accepted: %j', async (fields) => {
  const sandbox = await startSandbox()
  expect(await upload(sandbox, { file: imageFile('shirt.jpg'), ...fields })).toMatchObject({ status: 200 })
})

test('an upload without a file is rejected', async () => {
  const sandbox = await startSandbox()
  const { status, body } = await upload(sandbox, {})
  expect([status, body['message']]).toEqual([400, 'Your request is missing file parameter.'])
})

test('a transformation of a file that is neither image nor video is rejected', async () => {
  const sandbox = await startSandbox()
  const { body } = await upload(sandbox, {
    file: new File(['text'], 'a.txt'),
    fileName: 'a.txt',
    transformation: '{"post":[{"type":"transformation","value":"w-100"}]}',
  })
  expect(body['message']).toBe(
    'The file could not be uploaded because transformations are supported only for image and video files.',
  )
})

test('a body that is not a form, or a truncated form, gets 400 and is not recorded', async () => {
  const sandbox = await startSandbox()
  const url = `${sandbox.url}/api/v1/files/upload`
  const jsonResponse = await fetch(url, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  })
  expect(jsonResponse.status).toBe(400)
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const truncatedForm = '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
  const truncatedResponse = await fetch(url, { method: 'POST', body: truncatedForm, headers })
  expect(truncatedResponse.status).toBe(400)
  expect(sandbox.uploads()).toEqual([])
})

test('an unknown route gets 404 with a JSON body, and every response has its own request id', async () => {
  const sandbox = await startSandbox()
  const responses = [
    await get(sandbox, '/v1/nothing'),
    await get(sandbox, '/v1/files/0123456789abcdef01234567/details'),
    await postForm(`${sandbox.url}/api/v1/files/upload`, { fileName: 'x' }),
    await get(sandbox, '/v1/files'),
  ]
  expect(responses.map(({ status }) => status)).toEqual([404, 404, 401, 200])
  expect(responses[0]?.body).toEqual({ message: expect.any(String), help })
  expect(responses[1]?.body['message']).toBe('The requested file does not exist.')
  const ids = responses.map(({ headers }) => headers.get('x-ik-requestid'))
  expect(ids).not.toContain(null)
  expect(new Set(ids).size).toBe(4)
})
