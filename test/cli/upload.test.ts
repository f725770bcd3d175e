import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ReceivedRequest, startFakeTracker } from './fake-tracker.ts'
import { uploaded } from './responses.ts'
import { runCli } from './run-cli.ts'

const KEY = 'a-secret-of-the-tracker'
const CONTENT = Buffer.from('a file of some bytes\r\n--and a line\0')
let directory: string
let path: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cli-upload-'))
  path = join(directory, 'pho"to ä.png')
  await writeFile(path, CONTENT)
})
afterAll(() => rm(directory, { recursive: true }))

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Runs `upload`, which must succeed with exactly one request. Returns its output and that request. */
async function send(args: string[], options: Parameters<typeof runCli>[1] = {}) {
  const tracker = await startFakeTracker(() => uploaded())
  const env = { TRACKER_URL: tracker.url, ...options.env }
  const result = await runCli(['upload', ...args], { ...options, env })
  expect(result).toMatchObject({ exitCode: 0, stderr: '' })
  expect(tracker.requests).toHaveLength(1)
  return { ...result, request: tracker.requests[0] as ReceivedRequest }
}

function fieldsOf(request: ReceivedRequest): { [name: string]: string } {
  return Object.fromEntries(request.form?.fields ?? [])
}

test('sends a file byte for byte, with its name and a Content-Length', async () => {
  const { request } = await send([path])
  expect(request).toMatchObject({ method: 'POST', url: '/api/v1/files/upload' })
  // The name of the file part is escaped: a form doesn't allow a quotation mark there.
  expect(request.form).toEqual({
    fields: [['fileName', 'pho"to ä.png']],
    file: { name: expect.stringContaining('to ä.png'), sha256: sha256(CONTENT), bytes: CONTENT.length },
  })
  expect(Number(request.headers['content-length'])).toBeGreaterThan(CONTENT.length)
  expect(request.headers['transfer-encoding']).toBeUndefined()
  expect(request.headers.authorization).toBeUndefined()
})

test('a character that a form does not allow in a file name is replaced in the file part, but sent unchanged in fileName', async () => {
  const odd = join(directory, 'back\\')
  await writeFile(odd, CONTENT)
  const { request } = await send([odd])
  expect(request.form).toMatchObject({ fields: [['fileName', 'back\\']], file: { name: 'back_' } })
})

test('sends the standard input, whose length is not known', async () => {
  const { request } = await send(['-', '--file-name', 'piped.bin'], {
    stdin: Readable.from([CONTENT, CONTENT]),
  })
  expect(request.headers['transfer-encoding']).toBe('chunked')
  expect(fieldsOf(request)).toEqual({ fileName: 'piped.bin' })
  expect(request.form?.file?.sha256).toBe(sha256(Buffer.concat([CONTENT, CONTENT])))
})

test('sends a URL unchanged, so that ImageKit fetches it', async () => {
  const url = 'https://example.com/shop/blue%20mug.jpg?size=l'
  const { request } = await send([url])
  expect(fieldsOf(request)).toEqual({ fileName: 'blue mug.jpg', file: url })
})

test('sends an empty file', async () => {
  const empty = join(directory, 'empty.png')
  await writeFile(empty, '')
  const { request } = await send([empty])
  expect(request.form?.file).toMatchObject({ name: 'empty.png', bytes: 0 })
})

test('sends every parameter that has an option, and those given with --field', async () => {
  const options = [
    ['--file-name', 'shirt.png', '--use-unique-file-name', '--tags', 't-shirt,men', '--folder', '/a/b'],
    ['--is-private-file', '--is-published', '--custom-coordinates', '10,10,100,100'],
    ['--response-fields', 'tags,metadata', '--webhook-url', 'https://example.com/hook'],
    ['--overwrite-file', '--overwrite-ai-tags', '--overwrite-tags', '--overwrite-custom-metadata'],
    ['--custom-metadata', '{"brand": "Nike"}', '--transformation', '{"pre":"w-300"}'],
    ['--checks', '"file.size" < "1MB"', '--description', 'A shirt'],
    ['--field', 'newParameter=a=b', '--field', 'other='],
    ['--extensions', '[{"name":"remove-bg","options":{"add_shadow":true}}]'],
    ['--extension', 'google-auto-tagging', '--extension', 'aws-auto-tagging'],
    ['--extension', 'ai-auto-description'],
  ].flat()
  const { request } = await send([path, ...options])
  const { extensions, ...fields } = fieldsOf(request)
  expect(fields).toEqual({
    fileName: 'shirt.png',
    useUniqueFileName: 'true',
    tags: 't-shirt,men',
    folder: '/a/b',
    isPrivateFile: 'true',
    isPublished: 'true',
    customCoordinates: '10,10,100,100',
    responseFields: 'tags,metadata',
    webhookUrl: 'https://example.com/hook',
    overwriteFile: 'true',
    overwriteAITags: 'true',
    overwriteTags: 'true',
    overwriteCustomMetadata: 'true',
    customMetadata: '{"brand": "Nike"}',
    transformation: '{"pre":"w-300"}',
    checks: '"file.size" < "1MB"',
    description: 'A shirt',
    newParameter: 'a=b',
    other: '',
  })
  // `--extension` adds the options that ImageKit requires for a tagger.
  expect(JSON.parse(extensions ?? '')).toEqual([
    { name: 'remove-bg', options: { add_shadow: true } },
    { name: 'google-auto-tagging', minConfidence: 70, maxTags: 10 },
    { name: 'aws-auto-tagging', minConfidence: 70, maxTags: 10 },
    { name: 'ai-auto-description' },
  ])
})

test.each([
  ['use-unique-file-name', 'useUniqueFileName'],
  ['is-private-file', 'isPrivateFile'],
  ['is-published', 'isPublished'],
  ['overwrite-file', 'overwriteFile'],
  ['overwrite-ai-tags', 'overwriteAITags'],
  ['overwrite-tags', 'overwriteTags'],
  ['overwrite-custom-metadata', 'overwriteCustomMetadata'],
])('--no-%s sends false', async (option, field) => {
  const { request } = await send([path, `--no-${option}`])
  expect(fieldsOf(request)).toEqual({ fileName: 'pho"to ä.png', [field]: 'false' })
})

test('sends the idempotency key', async () => {
  const { request } = await send([path, '--idempotency-key', 'order-1'])
  expect(request.headers['idempotency-key']).toBe('order-1')
})

test('sends the admin key, else the first API key, without its name; the key may be in a file', async () => {
  const keyFile = join(directory, 'key')
  await writeFile(keyFile, `ops:${KEY}-file\n`)
  const sentWith = async (env: { [name: string]: string }) =>
    (await send([path], { env })).request.headers.authorization
  expect(await sentWith({ TRACKER_API_KEY: `web:${KEY},web2:${KEY}-2` })).toBe(`Bearer ${KEY}`)
  expect(await sentWith({ TRACKER_API_KEY: KEY, TRACKER_ADMIN_KEY: `${KEY}-admin` })).toBe(
    `Bearer ${KEY}-admin`,
  )
  expect(await sentWith({ TRACKER_API_KEY: KEY, TRACKER_ADMIN_KEY_FILE: keyFile })).toBe(`Bearer ${KEY}-file`)
})

test('without TRACKER_URL, sends to PUBLIC_URL, else to HOST and PORT', async () => {
  const tracker = await startFakeTracker(() => uploaded())
  const { port } = new URL(tracker.url)
  for (const env of [{ PUBLIC_URL: `${tracker.url}/` }, { PORT: port }, { HOST: '0.0.0.0', PORT: port }])
    expect(await runCli(['upload', path], { env })).toMatchObject({ exitCode: 0 })
  expect(tracker.requests.map((request) => request.url)).toEqual(Array(3).fill('/api/v1/files/upload'))
})
