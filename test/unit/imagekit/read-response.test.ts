import { expect, test } from 'vitest'
import { readFileFacts } from '../../../src/imagekit/file-facts.ts'
import { readAnswer, readToldAnswer } from '../../../src/imagekit/read-response.ts'

const FILE = { fileId: 'file1', name: 'a.jpg' }

test.for([200, 201, 202])('a file with %i is an acceptance', (status) => {
  expect(readAnswer(status, JSON.stringify(FILE), 'request-1')).toMatchObject({
    kind: 'accepted',
    fileId: 'file1',
    fileName: 'a.jpg',
    requestId: 'request-1',
    extensionStatus: {},
  })
})

test('202 without a file is an upload that is queued', () => {
  const answer = readAnswer(202, '{"message":"The pre-transformation has been queued successfully."}', null)
  expect(answer).toMatchObject({ kind: 'accepted', fileId: null, baseline: null })
})

test.for([400, 404, 429, 499])('%i is a refusal, whatever its body says', (status) => {
  expect(readAnswer(status, JSON.stringify(FILE), null)).toMatchObject({
    kind: 'rejected',
    error: { status },
  })
  expect(readAnswer(status, '<html>', null)).toMatchObject({
    kind: 'rejected',
    error: { code: 'imagekit_refused', message: `ImageKit answered ${status}.` },
  })
})

test.for<[number, string]>([
  [200, '{}'],
  [200, '{"fileId":7}'],
  [200, '[]'],
  [202, 'queued'],
  [304, ''],
  [500, JSON.stringify(FILE)],
])('%i with %s leaves open what became of the file', ([status, body]) => {
  expect(readAnswer(status, body, null)).toMatchObject({
    kind: 'unconfirmed',
    error: { code: 'imagekit_unclear' },
  })
})

test('a status that is not known yet is no final one', () => {
  const extensionStatus = { a: 'success', b: 'failed', c: 'pending', d: 'queued', e: 7, f: null }
  expect(readAnswer(200, JSON.stringify({ ...FILE, extensionStatus }), null)).toMatchObject({
    extensionStatus: { a: 'success', b: 'failed', c: 'pending', d: 'pending', e: 'pending', f: 'pending' },
  })
})

test('fields of another shape than documented do not hide the file', () => {
  const odd = {
    name: 1,
    extensionStatus: [],
    versionInfo: 'x',
    description: 1,
    tags: {},
    customMetadata: 1,
  }
  expect(readAnswer(200, JSON.stringify({ ...FILE, ...odd }), null)).toMatchObject({
    kind: 'accepted',
    fileId: 'file1',
    baseline: { versionId: null, aiTags: {}, tags: null },
  })
})

test('AI tags that cannot be read leave nothing to compare with, and one bad tag hides no other', () => {
  const read = (AITags: unknown) => readAnswer(200, JSON.stringify({ ...FILE, AITags }), null)
  expect(read('x')).toMatchObject({ kind: 'accepted', fileId: 'file1', baseline: null })
  expect(read(null)).toMatchObject({ baseline: { aiTags: {} } })
  const tags = [{ name: 'Shirt', source: 'aws-auto-tagging' }, { name: 7 }]
  expect(read(tags)).toMatchObject({ baseline: { aiTags: { 'aws-auto-tagging': ['Shirt'] } } })
})

test('more AI tags than are kept leave nothing to compare with; a tag too long to be kept is none, before and after', () => {
  const read = (AITags: unknown) => readAnswer(200, JSON.stringify({ ...FILE, AITags }), null)
  const tagsOf = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `${at}`, source: 'x' }))
  expect(read(tagsOf(1001))).toMatchObject({ kind: 'accepted', baseline: null })
  const kept = read(tagsOf(1000))
  expect(kept.kind === 'accepted' && kept.baseline?.aiTags['x']).toHaveLength(1000)
  const long = [
    { name: 'y'.repeat(201), source: 'x' },
    { name: 'Shirt', source: 'x' },
  ]
  expect(read(long)).toMatchObject({ baseline: { aiTags: { x: ['Shirt'] } } })
  expect(readFileFacts({ ...FILE, AITags: long })?.aiTags).toEqual({ x: ['Shirt'] })
  expect(readFileFacts({ ...FILE, AITags: tagsOf(1001) })?.aiTags).toEqual({})
})

test.each(['javascript:alert(1)', 'file:///etc/passwd', 'no address', `https://x/${'y'.repeat(2048)}`, 7])(
  'an address that is none of the web is not kept: %s',
  (url) => {
    const read = (told: unknown) => readAnswer(200, JSON.stringify({ ...FILE, url: told }), null)
    expect(read(url)).toMatchObject({ kind: 'accepted', fileId: 'file1', baseline: { url: null } })
    const good = 'https://ik.imagekit.io/demo/shirt.jpg?updatedAt=1'
    expect(read(good)).toMatchObject({ baseline: { url: good } })
  },
)

test('of what nothing is read only as much is kept as is bearable', () => {
  const read = (file: object) => readAnswer(200, JSON.stringify({ ...FILE, ...file }), null)
  const small = { tags: ['a'], customMetadata: { brand: ['b', 1] } }
  expect(read(small)).toMatchObject({ baseline: small })
  const wide = Array.from({ length: 20_000 }, () => 1)
  expect(read({ tags: wide, customMetadata: { wide } })).toMatchObject({
    baseline: { tags: null, customMetadata: null },
  })
  expect(readAnswer(200, `{"fileId":"f","tags":${'['.repeat(5000)}${']'.repeat(5000)}}`, null)).toMatchObject(
    {
      baseline: { tags: null },
    },
  )
})

test.for<[object, object | undefined]>([
  [FILE, { kind: 'accepted', fileId: 'file1' }],
  [{ message: 'The pre-transformation has been queued successfully.' }, { kind: 'accepted', fileId: null }],
  [
    { message: 'Upload Limit Exceeded.', help: '' },
    { kind: 'rejected', error: { message: 'Upload Limit Exceeded.' } },
  ],
  [{ anything: 'else' }, undefined],
])('%j, told by somebody else, is %j', ([body, answer]) => {
  const told = readToldAnswer({ ...body })
  if (answer === undefined) expect(told).toBeUndefined()
  else expect(told).toMatchObject(answer)
})
