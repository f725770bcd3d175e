import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import { get, getList, patch, startSandbox, upload } from './support/running-sandbox.ts'
import { schemaProblems } from './support/schema.ts'
import { startWebhookReceiver } from './support/webhook-receiver.ts'

const optionalFields = {
  tags: 'a,sandbox:delay=1,sandbox:aws-auto-tagging=success-now',
  customMetadata: '{"brand":"Nike"}',
  customCoordinates: '1,2,3,4',
  description: 'A shirt',
  extensions: JSON.stringify([
    { name: 'remove-bg' },
    { name: 'aws-auto-tagging' },
    { name: 'ai-auto-description' },
  ]),
  responseFields:
    'tags,customCoordinates,isPrivateFile,embeddedMetadata,isPublished,customMetadata,metadata,selectedFieldsSchema',
}

test.each([
  ['an image with optional fields', imageFile('shirt.jpg'), optionalFields],
  ['an image without optional fields', imageFile('glass.png'), {}],
  ['a text with optional fields', new File(['abc'], 'a.txt'), { ...optionalFields, fileName: 'a.txt' }],
])("every response about %s conforms to ImageKit's specification", async (_title, file, fields) => {
  const [sandbox, receiver] = [await startSandbox(), await startWebhookReceiver()]
  const webhookUrl = receiver.url
  const uploaded = await upload(sandbox, { file, ...fields, webhookUrl })
  expect(schemaProblems('upload', uploaded.body)).toEqual([])

  // aws-auto-tagging sends no webhook, because its result is already in the response.
  const webhookCount = 'extensions' in fields ? 2 : 0
  for (const { fileObject } of await receiver.waitFor(webhookCount)) {
    expect(schemaProblems('file-details', fileObject, true)).toEqual([])
  }
  const path = `/v1/files/${String(uploaded.body['fileId'])}`
  const bodies = [
    (await get(sandbox, `${path}/details`)).body,
    ...(await getList(sandbox, `${path}/versions`)),
    ...(await getList(sandbox, '/v1/files')),
  ]
  // Exact, because the details of a file must not contain `extensionStatus`: the specification's File has no such property.
  for (const details of bodies) expect(schemaProblems('file-details', details, true)).toEqual([])

  const updated = await patch(sandbox, uploaded.body['fileId'], {
    extensions: [{ name: 'google-auto-tagging', minConfidence: 10, maxTags: 3 }],
    tags: ['b'],
  })
  expect(updated.body['extensionStatus']).toEqual({ 'google-auto-tagging': 'pending' })
  expect(schemaProblems('updated-file-details', updated.body)).toEqual([])
})
