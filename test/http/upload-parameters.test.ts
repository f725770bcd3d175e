import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { startListening } from '../support/listening.ts'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import {
  BOUNDARY,
  type Entry,
  FILE,
  FILE_NAME,
  formText,
  partText,
  sendForm,
  upload,
} from '../support/uploads.ts'
import { statusOf } from '../support/webhooks.ts'

const PARAMETERS: [name: string, value: string][] = [
  ['useUniqueFileName', 'false'],
  ['tags', 't-shirt,round-neck,men'],
  ['folder', '/images/folder/'],
  ['isPrivateFile', 'true'],
  ['isPublished', 'true'],
  ['customCoordinates', '10,10,100,100'],
  ['responseFields', 'tags,customCoordinates,isPrivateFile,embeddedMetadata,customMetadata'],
  ['extensions', '[{"name":"remove-bg","options":{"add_shadow":true,"bg_colour":"green"}}]'],
  ['overwriteFile', 'false'],
  ['overwriteAITags', 'false'],
  ['overwriteTags', 'false'],
  ['overwriteCustomMetadata', 'false'],
  ['customMetadata', '{"brand":"Nike", "color":"red"}'],
  ['transformation', '{"post":[{"type":"thumbnail","value":"w-10"}]}'],
  ['checks', '"file.size" < "1MB"'],
  ['description', 'Zwei Zeilen\r\nund ein Ü'],
  ['a future parameter', '1'],
]

test.for(PARAMETERS)('%s arrives at ImageKit unchanged', async ([name, value]) => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const response = await upload(tracker, [FILE, FILE_NAME, [name, value]])
  expect(response.status).toBe(200)
  const { webhookUrl, ...parameters } = sandbox.uploads()[0]?.parameters ?? {}
  expect(parameters).toEqual({ fileName: 'shirt.jpg', [name]: value })
  // The tracker adds its `webhookUrl` only to an upload with extensions.
  expect(webhookUrl === undefined).toBe(name !== 'extensions')
})

test('all parameters together arrive in the order in which they were sent, followed by the webhookUrl of the tracker', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const response = await upload(tracker, [...PARAMETERS, FILE, FILE_NAME])
  expect(response.status).toBe(200)
  expect(sandbox.uploads()[0]?.order).toEqual([
    ...PARAMETERS.map(([name]) => name),
    'file',
    'fileName',
    'webhookUrl',
  ])
})

test('an empty extensions parameter counts as not sent', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const response = await upload(tracker, [FILE, FILE_NAME, ['extensions', '']])
  expect(response.status).toBe(200)
  expect(sandbox.uploads()[0]?.parameters).toEqual({ fileName: 'shirt.jpg' })
  const { fileId } = (await response.json()) as { fileId: string }
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'none', extensions: [] })
})

const BYTES = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256))

// The hashes are those of the part as sent, before ImageKit decodes it.
test.for<[string, Entry, string]>([
  ['binary', ['file', BYTES, 'bytes.bin'], hash(BYTES)],
  ['base64', ['file', BYTES.toString('base64')], hash(BYTES.toString('base64'))],
  ['a data URI', ['file', 'data:text/plain;base64,aGVsbG8='], hash('data:text/plain;base64,aGVsbG8=')],
])('a file as %s arrives unchanged as the first, the middle or the last part', async ([, file, sha256]) => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const tags: Entry = ['tags', 'a']
  for (const entries of [
    [file, FILE_NAME, tags],
    [FILE_NAME, file, tags],
    [FILE_NAME, tags, file],
  ])
    expect((await upload(tracker, entries)).status).toBe(200)
  expect(sandbox.uploads().map(({ file }) => file?.sha256)).toEqual([sha256, sha256, sha256])
})

test('a file that is given as a URL is fetched by ImageKit, not by the tracker', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox({}, {}, { allowPrivateUrls: true })
  const requested: string[] = []
  const origin = createServer((incoming, outgoing) => {
    requested.push(incoming.url ?? '')
    outgoing.end('hello')
  })
  const url = `${await startListening(origin)}/a.txt`
  const response = await upload(tracker, [['file', url], FILE_NAME])
  expect(await response.json()).toMatchObject({ size: 5 })
  // The `file` part that ImageKit received is the URL itself.
  expect(sandbox.uploads()[0]?.file?.sha256).toBe(hash(url))
  expect(requested).toEqual(['/a.txt'])
})

test('the v2 route uploads to ImageKit’s v2 route', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const response = await upload(tracker, [FILE, FILE_NAME], { path: '/api/v2/files/upload' })
  expect(response.status).toBe(200)
  expect(sandbox.uploads()[0]?.api).toBe('v2')
})

/** Uploads a form with these parts. Returns the form that ImageKit receives, with `B` in place of its boundary. */
async function relayed(parts: string[]): Promise<string> {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readForm()
    call.respond(200, uploadedFile('file1'))
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url })
  const response = await sendForm(tracker, formText(parts))
  expect(response.status).toBe(200)
  const [call] = imagekit.calls
  return call?.received.replaceAll(call.boundary, 'B') ?? ''
}

test('UTF-8 names, file names (also whole paths) and the content types of files arrive unchanged', async () => {
  const parts = [
    partText('name="file"; filename="фото/Größe 图.jpg"', 'x', 'Content-Type: image/jpeg\r\n'),
    partText('name="clé ☃"', 'ünï'),
    partText(
      'name="file2"; filename="C:\\dir\\other.jpg"',
      'second file',
      'Content-Type: application/pdf\r\n',
    ),
  ]
  expect(await relayed(parts)).toBe(formText(parts).replaceAll(BOUNDARY, 'B'))
})

test('quotes and percent-encoded CR and LF in names cannot inject headers', async () => {
  const text = await relayed([
    partText('name="a\\"; filename=\\"x"', '1'),
    partText('name="b%0D%0AX-Evil: 1"', '2'),
    partText('name="file"; filename="q\\"uote.jpg"', '3', 'Content-Type: a/b\r\n'),
  ])
  expect(text).toContain('name="a%22; filename=%22x"\r\n\r\n1')
  expect(text).toContain('name="b%0D%0AX-Evil: 1"\r\n\r\n2')
  expect(text).toContain('name="file"; filename="q%22uote.jpg"\r\nContent-Type: a/b\r\n\r\n3')
})

test('content that looks like a boundary stays content', async () => {
  const content = `\r\n--${BOUNDARY.slice(0, -1)}\r\n--\r\n\r--${BOUNDARY}\r\n\r\n-`
  expect(await relayed([partText('name="file"', content)])).toContain(
    `name="file"\r\n\r\n${content}\r\n--B--`,
  )
})

function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
