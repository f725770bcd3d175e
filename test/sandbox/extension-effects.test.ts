import sharp from 'sharp'
import { expect, test } from 'vitest'
import { imageBytes, imageFile } from '../support/fixture-images.ts'
import { download, get, getList, startSandbox, upload } from './support/running-sandbox.ts'

type Extension = { name: string; [option: string]: unknown }

/** Uploads with extensions that finish within the request. Returns the file's details and versions afterwards. */
async function detailsAfter(extensions: Extension[], file = imageFile('shirt.jpg'), fields = {}) {
  const sandbox = await startSandbox()
  const tags = ['keep', ...extensions.map(({ name }) => `sandbox:${name}=success-now`)].join(',')
  const { body } = await upload(sandbox, { file, extensions: JSON.stringify(extensions), tags, ...fields })
  expect(body['extensionStatus']).toEqual(Object.fromEntries(extensions.map(({ name }) => [name, 'success'])))
  const path = `/v1/files/${String(body['fileId'])}`
  return {
    details: (await get(sandbox, `${path}/details`)).body,
    versions: await getList(sandbox, `${path}/versions`),
  }
}

test('remove-bg adds a version: a PNG of the same size whose background is transparent', async () => {
  const { details, versions } = await detailsAfter([{ name: 'remove-bg' }])
  expect(details).toMatchObject({
    versionInfo: { name: 'Version 2' },
    mime: 'image/png',
    hasAlpha: true,
    width: 240,
    height: 160,
    tags: expect.arrayContaining(['keep']),
  })
  expect(versions).toHaveLength(2)
  const { bytes, response } = await download(details['url'])
  expect(response.headers.get('content-type')).toBe('image/png')
  const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  const alphaAt = (x: number, y: number) => data[(y * 240 + x) * 4 + 3]
  expect(alphaAt(2, 2)).toBe(0)
  expect(alphaAt(120, 100)).toBe(255)
  expect((await download(versions[1]?.['url'])).bytes).toEqual(imageBytes('shirt.jpg'))
})

test.each([
  ['00ff00', [0, 255, 0]],
  ['blue', [0, 0, 255]],
])('remove-bg fills the background with bg_color %s', async (bg_color, pixel) => {
  const { details } = await detailsAfter([{ name: 'remove-bg', options: { bg_color } }])
  const { data } = await sharp((await download(details['url'])).bytes)
    .raw()
    .toBuffer({ resolveWithObject: true })
  expect([...data.subarray(0, 3)]).toEqual(pixel)
  expect(details['hasAlpha']).toBe(false)
})

test('remove-bg ignores options that the sandbox does not know, such as add_shadow and the misspelt bg_colour', async () => {
  const { details } = await detailsAfter([
    { name: 'remove-bg', options: { bg_colour: 'green', add_shadow: true } },
  ])
  expect(details['hasAlpha']).toBe(true)
})

test("a tagger gives an image the same tags each time, and another image different tags; their source is the tagger's name", async () => {
  const tagger = { name: 'aws-auto-tagging', minConfidence: 0, maxTags: 30 }
  const { details } = await detailsAfter([tagger])
  const tags = details['AITags']
  expect(tags).toContainEqual({ name: 'Landscape', confidence: 99.5, source: 'aws-auto-tagging' })
  expect(tags).toContainEqual({ name: 'White', confidence: expect.any(Number), source: 'aws-auto-tagging' })
  expect(tags).toContainEqual({ name: 'Red', confidence: expect.any(Number), source: 'aws-auto-tagging' })
  expect((await detailsAfter([tagger])).details['AITags']).toEqual(tags)
  expect((await detailsAfter([tagger], imageFile('glass.png'))).details['AITags']).not.toEqual(tags)
})

test('minConfidence and maxTags limit each tagger separately', async () => {
  const { details } = await detailsAfter([
    { name: 'aws-auto-tagging', minConfidence: 0, maxTags: 1 },
    { name: 'google-auto-tagging', minConfidence: 99, maxTags: 30 },
  ])
  expect(details['AITags']).toEqual([
    { name: 'Landscape', confidence: 99.5, source: 'aws-auto-tagging' },
    { name: 'Landscape', confidence: 99.5, source: 'google-auto-tagging' },
  ])
  const { details: none } = await detailsAfter([
    { name: 'aws-auto-tagging', minConfidence: 100, maxTags: 30 },
  ])
  expect(none['AITags']).toBeNull()
})

test('ai-auto-description sets the description', async () => {
  const { details } = await detailsAfter([{ name: 'ai-auto-description' }])
  expect(details['description']).toMatch(/^An image of 240 x 160 pixels: landscape, white, red/)
})

test('ai-tasks selects tags and metadata from the vocabularies of the tasks, within their limits', async () => {
  const vocabulary = ['shirt', 'dress', 'trousers', 'jacket']
  const { details } = await detailsAfter([
    {
      name: 'ai-tasks',
      tasks: [
        { type: 'select_tags', instruction: 'What is it?', vocabulary, min_selections: 3, max_selections: 3 },
        {
          type: 'select_metadata',
          instruction: 'Which colour?',
          field: 'color',
          vocabulary: ['red', 'blue'],
        },
      ],
    },
  ])
  const tags = new Set(Array.isArray(details['tags']) ? details['tags'] : [])
  expect(tags.has('keep')).toBe(true)
  expect(vocabulary.filter((tag) => tags.has(tag))).toHaveLength(3)
  expect(details['customMetadata']).toEqual({ color: expect.stringMatching(/^(red|blue)$/) })
})

test('a yes_no task applies the action of its answer', async () => {
  // Both answers have the same action, because it doesn't matter here which of them the sandbox gives.
  const action = {
    add_tags: ['luxury'],
    remove_tags: ['keep'],
    set_metadata: [{ field: 'price', value: 'high' }],
    unset_metadata: [{ field: 'draft' }],
  }
  const task = { type: 'yes_no', instruction: 'Is it?', on_yes: action, on_no: action }
  const { details } = await detailsAfter([{ name: 'ai-tasks', tasks: [task] }], imageFile('shirt.jpg'), {
    customMetadata: '{"draft":true,"n":1}',
  })
  expect(details['tags']).toEqual(['sandbox:ai-tasks=success-now', 'luxury'])
  expect(details['customMetadata']).toEqual({ n: 1, price: 'high' })
})

test('extensions have an effect even on a file that is not an image', async () => {
  const file = new File(['just a text'], 'a.txt')
  const { details } = await detailsAfter(
    [{ name: 'remove-bg' }, { name: 'aws-auto-tagging' }, { name: 'ai-auto-description' }],
    file,
    { fileName: 'a.txt' },
  )
  expect(details).toMatchObject({
    versionInfo: { name: 'Version 2' },
    AITags: [{ name: 'Text', source: 'aws-auto-tagging' }],
    description: 'A file of type text/plain and 11 bytes.',
  })
})
