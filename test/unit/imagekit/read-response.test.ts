import { expect, test } from 'vitest'
import { readFileFacts } from '../../../src/imagekit/file-facts.ts'
import { readResponse, readResponseBody } from '../../../src/imagekit/read-response.ts'

const FILE = { fileId: 'file1', name: 'a.jpg' }

test.for([200, 201, 202])('a file with status %i is an acceptance', (status) => {
  expect(readResponse(status, JSON.stringify(FILE), 'request-1')).toMatchObject({
    kind: 'accepted',
    fileId: 'file1',
    fileName: 'a.jpg',
    requestId: 'request-1',
    extensionStatus: {},
  })
})

test('202 without a file is a queued upload', () => {
  const response = readResponse(
    202,
    '{"message":"The pre-transformation has been queued successfully."}',
    null,
  )
  expect(response).toMatchObject({ kind: 'accepted', fileId: null, baseline: null })
})

test.for([400, 404, 429, 499])('%i is a rejection, whatever its body is', (status) => {
  expect(readResponse(status, JSON.stringify(FILE), null)).toMatchObject({
    kind: 'rejected',
    error: { status },
  })
  expect(readResponse(status, '<html>', null)).toMatchObject({
    kind: 'rejected',
    error: { code: 'imagekit_rejected', message: `ImageKit responded with ${status}.` },
  })
})

test.for<[number, string]>([
  [200, '{}'],
  [200, '{"fileId":7}'],
  [200, '[]'],
  [202, 'queued'],
  [304, ''],
  [500, JSON.stringify(FILE)],
])('%i with %s is unconfirmed', ([status, body]) => {
  expect(readResponse(status, body, null)).toMatchObject({
    kind: 'unconfirmed',
    error: { code: 'imagekit_unclear' },
  })
})

test('an unknown status of an extension counts as pending', () => {
  const extensionStatus = { a: 'success', b: 'failed', c: 'pending', d: 'queued', e: 7, f: null }
  expect(readResponse(200, JSON.stringify({ ...FILE, extensionStatus }), null)).toMatchObject({
    extensionStatus: { a: 'success', b: 'failed', c: 'pending', d: 'pending', e: 'pending', f: 'pending' },
  })
})

test('fields of an undocumented shape do not hide the file', () => {
  const odd = {
    name: 1,
    extensionStatus: [],
    versionInfo: 'x',
    description: 1,
    tags: {},
    customMetadata: 1,
  }
  expect(readResponse(200, JSON.stringify({ ...FILE, ...odd }), null)).toMatchObject({
    kind: 'accepted',
    fileId: 'file1',
    baseline: { versionId: null, aiTags: {}, tags: null },
  })
})

test('a response with unreadable AI tags has no baseline, and a single invalid tag is ignored', () => {
  const read = (AITags: unknown) => readResponse(200, JSON.stringify({ ...FILE, AITags }), null)
  expect(read('x')).toMatchObject({ kind: 'accepted', fileId: 'file1', baseline: null })
  expect(read(null)).toMatchObject({ baseline: { aiTags: {} } })
  const tags = [{ name: 'Shirt', source: 'aws-auto-tagging' }, { name: 7 }]
  expect(read(tags)).toMatchObject({ baseline: { aiTags: { 'aws-auto-tagging': ['Shirt'] } } })
})

test('a response with over 1,000 AI tags has no baseline, and file facts then have no tags; a tag of over 200 characters is ignored', () => {
  const read = (AITags: unknown) => readResponse(200, JSON.stringify({ ...FILE, AITags }), null)
  const tagsOf = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `${index}`, source: 'x' }))
  expect(read(tagsOf(1001))).toMatchObject({ kind: 'accepted', baseline: null })
  const response = read(tagsOf(1000))
  expect(response.kind === 'accepted' && response.baseline?.aiTags['x']).toHaveLength(1000)
  const long = [
    { name: 'y'.repeat(201), source: 'x' },
    { name: 'Shirt', source: 'x' },
  ]
  expect(read(long)).toMatchObject({ baseline: { aiTags: { x: ['Shirt'] } } })
  expect(readFileFacts({ ...FILE, AITags: long })?.aiTags).toEqual({ x: ['Shirt'] })
  expect(readFileFacts({ ...FILE, AITags: tagsOf(1001) })?.aiTags).toEqual({})
})

test.each(['javascript:alert(1)', 'file:///etc/passwd', 'not a URL', `https://x/${'y'.repeat(2048)}`, 7])(
  'a URL that is not a valid http or https URL, or is too long, is not stored: %s',
  (url) => {
    const read = (value: unknown) => readResponse(200, JSON.stringify({ ...FILE, url: value }), null)
    expect(read(url)).toMatchObject({ kind: 'accepted', fileId: 'file1', baseline: { url: null } })
    const validUrl = 'https://ik.imagekit.io/demo/shirt.jpg?updatedAt=1'
    expect(read(validUrl)).toMatchObject({ baseline: { url: validUrl } })
  },
)

test('tags and customMetadata are not stored if they are too large or nested too deeply', () => {
  const read = (file: object) => readResponse(200, JSON.stringify({ ...FILE, ...file }), null)
  const small = { tags: ['a'], customMetadata: { brand: ['b', 1] } }
  expect(read(small)).toMatchObject({ baseline: small })
  const wide = Array.from({ length: 20_000 }, () => 1)
  expect(read({ tags: wide, customMetadata: { wide } })).toMatchObject({
    baseline: { tags: null, customMetadata: null },
  })
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
  expect(
    readResponse(200, `{"fileId":"f","tags":${deep},"customMetadata":{"deep":${deep}}}`, null),
  ).toMatchObject({
    baseline: { tags: null, customMetadata: null },
  })
})

test.for<[object, object | undefined]>([
  [FILE, { kind: 'accepted', fileId: 'file1' }],
  [{ message: 'The pre-transformation has been queued successfully.' }, { kind: 'accepted', fileId: null }],
  [
    { message: 'Upload Limit Exceeded.', help: '' },
    { kind: 'rejected', error: { message: 'Upload Limit Exceeded.' } },
  ],
  [{ anything: 'else' }, undefined],
])('a body %j without a status is read as %j', ([body, expected]) => {
  const response = readResponseBody({ ...body })
  if (expected === undefined) expect(response).toBeUndefined()
  else expect(response).toMatchObject(expected)
})
