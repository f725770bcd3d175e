import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { BOUNDARY, EXTENSIONS, formText, openUpload, partText, sendForm } from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'

const FILE = partText('name="file"; filename="a.jpg"', 'hello')
const FILE_NAME = partText('name="fileName"', 'a.jpg')
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`
const field = (name: string, value: string) => partText(`name="${name}"`, value)
const form = (...more: string[]) => formText([FILE, FILE_NAME, ...more])

const INVALID: [title: string, message: RegExp, body: string, contentType?: string][] = [
  [
    'a field over 1 MiB',
    /tags: is larger than 1048576 bytes/,
    form(field('tags', 'x'.repeat(1024 * 1024 + 1))),
  ],
  [
    'more than 100 parts',
    /more than 100 parts/,
    form(...Array.from({ length: 99 }, (_, i) => field(`a${i}`, ''))),
  ],
  ['a part without a name', /without a name/, form(partText('filename="b.jpg"', 'x'))],
  ['a part whose name is empty', /without a name/, form(partText('name=""', 'x'))],
  ['a part without a disposition', /no Content-Disposition/, form('Content-Type: text/plain\r\n\r\nx')],
  ['a part without headers', /without headers/, form('\r\nx')],
  [
    'a part whose headers do not end',
    /do not end/,
    form('Content-Disposition: form-data; name="a"\r\nX: x', field('b', 'x')),
  ],
  [
    'a part that is an attachment',
    /other than form-data/,
    form('Content-Disposition: attachment; name="a"\r\n\r\nx'),
  ],
  [
    'a part with a line that is not a header',
    /a line that is not a header/,
    form(`junk\r\n${field('a', 'x')}`),
  ],
  [
    'a part with a line that is not a header after its disposition',
    /a line that is not a header/,
    form('Content-Disposition: form-data; name="a"\r\njunk\r\n\r\nx'),
  ],
  [
    'a part whose headers are over 16 KiB',
    /headers are larger than/,
    form(`X: ${'x'.repeat(80 * 1024)}\r\n${field('a', 'x')}`),
  ],
  [
    'a file name with encoded line breaks',
    /invalid filename\*/,
    form(partText(`name="a"; filename*=UTF-8''x%0d%0aX-Evil`, 'x')),
  ],
  [
    'a file name with an encoded NUL',
    /invalid filename\*/,
    form(partText(`name="a"; filename*=UTF-8''x%00`, 'x')),
  ],
  ['a name with a NUL', /control characters/, form(field('a\0b', 'x'))],
  ['a name with a bare line feed', /control characters/, form(field('a\nb', 'x'))],
  [
    'two dispositions',
    /Content-Disposition twice/,
    form(`Content-Disposition: form-data; name="b"\r\n${field('a', 'x')}`),
  ],
  ['two names', /invalid Content-Disposition/, form(partText('name="a"; name="webhookUrl"', 'x'))],
  [
    'a name in two encodings',
    /the unsupported parameter name\*/,
    form(partText(`name="a"; name*=UTF-8''webhookUrl`, 'x')),
  ],
  ['an unterminated quote', /invalid Content-Disposition/, form(partText('name="a\\"', 'x'))],
  ['a name that continues after its quotes', /invalid Content-Disposition/, form(partText('name="a"b', 'x'))],
  [
    'encoded content',
    /Content-Transfer-Encoding/,
    form(partText('name="a"', 'eA==', 'Content-Transfer-Encoding: base64\r\n')),
  ],
  [
    'an unknown character set',
    /unknown character set x-none/,
    form(partText('name="a"', 'x', 'Content-Type: text/plain; charset=x-none\r\n')),
  ],
  [
    // Another parser takes the quote after the backslashes for a part of the name, and then sees `name=webhookUrl`.
    'a name with backslashes, about whose end parsers disagree',
    /backslash/,
    form(partText('name="zwebhookUrl\\\\"; filename="; name=webhookUrl; x="', 'https://evil.example.com')),
  ],
  ['a file name that ends with a backslash', /backslash/, form(partText('name="a"; filename="b\\\\"', 'x'))],
  ['no closing boundary', /cut short/, formText([FILE, FILE_NAME], '')],
  ['half a closing boundary', /cut short/, formText([FILE, FILE_NAME], `--${BOUNDARY}-`)],
  ['a body that ends in the middle of a file', /cut short/, form().slice(0, form().indexOf('hello') + 3)],
  ['a body that ends in the middle of headers', /cut short/, form().slice(0, 60)],
  ['an empty body', /cut short/, ''],
  ['a boundary other than the declared one', /cut short/, form(), 'multipart/form-data; boundary=other'],
  [
    'no boundary',
    /content-type: must be multipart\/form-data with a boundary/,
    form(),
    'multipart/form-data',
  ],
  ['another content type', /content-type: must be/, form(), 'application/json'],
  ['no content type', /content-type: must be/, form(), ''],
  ['extensions that are not JSON', /invalid extensions/, form(field('extensions', '[{name:1}'))],
  [
    'extensions that are not an array',
    /invalid extensions/,
    form(field('extensions', '{"name":"remove-bg"}')),
  ],
  ['an extension without a name', /invalid extensions/, form(field('extensions', '[{"options":{}}]'))],
  [
    'an extension whose name is not a string',
    /invalid extensions/,
    form(field('extensions', '[{"name":7}]')),
  ],
  ['an extension that is a string', /invalid extensions/, form(field('extensions', '["remove-bg"]'))],
  [
    'too many extensions',
    /invalid extensions/,
    form(field('extensions', JSON.stringify(Array(101).fill({ name: 'a' })))),
  ],
  ['options nested too deeply', /invalid extensions/, form(field('extensions', nested(100_000)))],
  ['a webhookUrl that is not a URL', /invalid webhookUrl/, form(field('webhookUrl', 'nowhere'))],
  ['a webhookUrl that is not http', /invalid webhookUrl/, form(field('webhookUrl', 'ftp://example.com/'))],
  [
    'two extensions parameters',
    /extensions parameter twice/,
    form(field('extensions', EXTENSIONS), field('extensions', EXTENSIONS)),
  ],
  [
    'two webhookUrls',
    /webhookUrl parameter twice/,
    form(field('webhookUrl', 'http://a.b'), field('webhookUrl', 'http://a.b')),
  ],
  ['two fileNames', /fileName parameter twice/, form(FILE_NAME)],
  ['two files', /file parameter twice/, form(FILE)],
]

test.for(INVALID)(
  '%s is rejected, and nothing is uploaded',
  async ([, message, body, contentType = TYPE]) => {
    const imagekit = await startMisbehavingImagekit(async (call) => {
      await call.readForm()
      if (call.hasWholeForm) call.respond(200, uploadedFile('file1'))
    })
    const database = await createTestDatabase()
    const { store, created } = await openWatchedStore(database)
    const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, { store }, database)
    const response = await sendForm(tracker, body, { 'content-type': contentType })
    expect(response.status).toBe(400)
    expect(response.headers['content-type']).toBe('application/json')
    expect(response.headers['x-should-retry']).toBeUndefined()
    expect(JSON.parse(response.body)).toEqual({
      message: expect.stringMatching(message),
      help: expect.any(String),
    })
    await Promise.all(imagekit.calls.map((call) => call.closed))
    expect(imagekit.calls.filter((call) => call.hasWholeForm)).toEqual([])
    expect(created).toEqual([])
  },
)

test('invalid extensions are rejected before the file after them has arrived', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox({}, { drainMs: 100 })
  const caller = openUpload(tracker)
  caller.write(`${formText([field('extensions', 'none')], '')}--${BOUNDARY}\r\n`)
  expect((await caller.response).status).toBe(400)
  expect(sandbox.uploads()).toEqual([])
})

test('a form of exactly 100 parts with a field of exactly 1 MiB is accepted', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const big = field('x', 'x'.repeat(1024 * 1024))
  const many = Array.from({ length: 97 }, (_, index) => field(`a${index}`, ''))
  expect((await sendForm(tracker, form(big, ...many))).status).toBe(200)
  expect(sandbox.uploads()[0]?.order).toHaveLength(100)
})

test('text before the first and after the last boundary is ignored', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const response = await sendForm(tracker, `preamble\r\n${form()}epilogue --${BOUNDARY}\r\n`)
  expect(response.status).toBe(200)
  expect(sandbox.uploads()[0]?.order).toEqual(['file', 'fileName'])
})

test('white space after a boundary is ignored', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const response = await sendForm(tracker, form().replaceAll(`${BOUNDARY}\r\n`, `${BOUNDARY} \t\r\n`))
  expect(response.status).toBe(200)
  expect(sandbox.uploads()[0]?.order).toEqual(['file', 'fileName'])
})

test.for([
  ['file', FILE_NAME],
  ['fileName', FILE],
] as const)('ImageKit, not the tracker, rejects a form without %s', async ([name, part]) => {
  const { tracker } = await startTrackerAndSandbox()
  const response = await sendForm(tracker, formText([part]))
  expect(response.status).toBe(400)
  expect(JSON.parse(response.body)).toMatchObject({ message: `Your request is missing ${name} parameter.` })
})

function nested(depth: number): string {
  return `[{"name":"a","options":${'['.repeat(depth)}${']'.repeat(depth)}}]`
}
