import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { imageBytes, imageFile } from '../support/fixture-images.ts'
import { startListening } from '../support/listening.ts'
import { UNREACHABLE_URL } from '../support/misbehaving-imagekit.ts'
import { download, PRIVATE_KEY, startSandbox, upload } from './support/running-sandbox.ts'

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test('bytes, base64, a data URI and a URL give the same file', async () => {
  const sandbox = await startSandbox()
  const bytes = imageBytes('shirt.png')
  const base64 = bytes.toString('base64')
  const first = await upload(sandbox, { file: imageFile('shirt.png'), fileName: 'shirt.png' })
  const sources = [base64, `data:image/png;base64,${base64}`, String(first.body['url'])]
  for (const file of sources) {
    const { status, body } = await upload(sandbox, { file, fileName: 'copy.png' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ size: bytes.length, width: 240, fileType: 'image' })
    expect((await download(body['url'])).bytes).toEqual(bytes)
  }
  // `uploads()` has the digest of each `file` part as received: for base64, a data URI and a URL, that of the text.
  const received = sandbox.uploads().map(({ file }) => file?.sha256)
  expect(received).toEqual([sha256(bytes), ...sources.map((file) => sha256(Buffer.from(file)))])
})

test('any bytes can be uploaded as base64 with line breaks', async () => {
  const sandbox = await startSandbox()
  const check = async (content: Uint8Array, lineLength: number) => {
    // `$&` is the matched line.
    const text = Buffer.from(content)
      .toString('base64')
      .replaceAll(new RegExp(`.{${lineLength}}`, 'g'), '$&\r\n')
    const { body } = await upload(sandbox, { file: text, fileName: 'a.bin' })
    expect((await download(body['url'])).bytes.toString('hex')).toBe(Buffer.from(content).toString('hex'))
  }
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 400 })
  await fc.assert(fc.asyncProperty(bytes, fc.integer({ min: 1, max: 80 }), check), { numRuns: 25 })
  // The line length is not a multiple of four, so that the chunks in which the sandbox reads the text split some groups of four
  // characters.
  await check(new Uint8Array(200_001).fill(7), 75)
})

test('a text that is neither a URL nor base64 is stored unchanged, and so is any part with a file name', async () => {
  const sandbox = await startSandbox()
  for (const file of ['hello, world', new File(['abcd'], 'a.txt'), new File(['https://a.b/c'], 'a.txt')]) {
    const { body } = await upload(sandbox, { file, fileName: 'a.txt' })
    const { bytes, response } = await download(body['url'])
    expect(bytes.toString()).toBe(typeof file === 'string' ? file : await file.text())
    expect(response.headers.get('content-type')).toBe('text/plain')
  }
})

test('an upload from a URL that is invalid, unreachable or returns no file gets 400', async () => {
  const sandbox = await startSandbox({ allowPrivateUrls: true })
  const url = await startListening(createServer((_request, response) => response.writeHead(404).end('no')))
  for (const file of [`${url}/x.jpg`, `${UNREACHABLE_URL}/x.jpg`, 'https://not a url']) {
    const { status, body } = await upload(sandbox, { file })
    expect(status).toBe(400)
    expect(body['message']).toContain('invalid file parameter')
  }
})

test('an upload of 64 MiB is written to disk while it arrives, with fields before and after the file', async () => {
  const sandbox = await startSandbox()
  const spool = join(sandbox.directory, 'spool')
  const hash = createHash('sha256')
  const part = (name: string, rest = '') =>
    `--b\r\nContent-Disposition: form-data; name="${name}"${rest}\r\n\r\n`
  async function* body() {
    yield Buffer.from(`${part('fileName')}big.bin\r\n${part('file', '; filename="big.bin"')}`)
    for (let index = 0; index < 64; index++) {
      // The second half is sent only once most of the first half is on disk.
      if (index === 32) await expect.poll(() => spooledBytes(spool)).toBeGreaterThan(24 * MIB)
      const chunk = Buffer.alloc(MIB, index)
      hash.update(chunk)
      yield chunk
    }
    yield Buffer.from(`\r\n${part('tags')}big\r\n--b--\r\n`)
  }
  const response = await fetch(`${sandbox.url}/api/v1/files/upload`, {
    method: 'POST',
    body: Readable.toWeb(Readable.from(body())),
    duplex: 'half',
    headers: {
      'content-type': 'multipart/form-data; boundary=b',
      authorization: `Basic ${Buffer.from(`${PRIVATE_KEY}:`).toString('base64')}`,
    },
  })
  expect(await response.json()).toMatchObject({ size: 64 * MIB, fileType: 'non-image' })
  const digest = hash.digest('hex')
  expect(sandbox.uploads()).toMatchObject([{ order: ['fileName', 'file', 'tags'], file: { sha256: digest } }])
  expect(await readdir(spool)).toEqual([])
})

test('an upload that the client aborts leaves no file on disk and is not recorded', async () => {
  const sandbox = await startSandbox()
  const spool = join(sandbox.directory, 'spool')
  const client = new AbortController()
  async function* body() {
    yield Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n')
    yield Buffer.alloc(MIB)
    await expect.poll(() => spooledBytes(spool)).toBeGreaterThan(MIB / 2)
    client.abort()
  }
  const response = fetch(`${sandbox.url}/api/v1/files/upload`, {
    method: 'POST',
    body: Readable.toWeb(Readable.from(body())),
    duplex: 'half',
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    signal: client.signal,
  })
  await expect(response).rejects.toThrow('aborted')
  await expect.poll(() => readdir(spool)).toEqual([])
  expect(sandbox.uploads()).toEqual([])
})

const MIB = 1024 * 1024

/** The total size of the files in this folder. */
async function spooledBytes(directory: string): Promise<number> {
  const sizes = await Promise.all(
    (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
