import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FormPart } from '../../../src/imagekit/form-part.ts'
import { readFormParts } from '../../../src/imagekit/form-reader.ts'
import { createFormWriter } from '../../../src/imagekit/form-writer.ts'

const LIMITS = { maxFieldBytes: 1024, maxParts: 100 }

async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let offset = 0, index = 0; offset < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1
    yield bytes.subarray(offset, offset + size)
    offset += size
  }
}

async function read(contentType: string, body: Buffer, sizes: readonly number[] = [64 * 1024]) {
  const parts: (Omit<FormPart, 'content'> & { content: string })[] = []
  for await (const part of readFormParts({ contentType, chunks: () => inChunks(body, sizes) }, LIMITS)) {
    const content: Buffer[] = []
    for await (const chunk of part.content) content.push(chunk)
    parts.push({ ...part, content: Buffer.concat(content).toString('hex') })
  }
  return parts
}

// Made from pieces of a boundary, so that it often resembles one.
const content = fc
  .array(fc.oneof(fc.constantFrom('\r\n', '\r', '\n', '--', '-', 'tracker'), fc.string()), { maxLength: 8 })
  .map((pieces) => Buffer.from(pieces.join('')))
const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\p{Cc}"\\]/u.test(text))

test('the reader reads back what the writer writes, apart from escaped characters, however the form is cut into chunks', async () => {
  const part = fc.record({ name, fileName: fc.option(name, { nil: undefined }), content })
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 6 }), sizes, async (parts, sizes) => {
      const writer = createFormWriter()
      const pieces = parts.flatMap((part) => [writer.partHead(part), part.content, writer.partEnd])
      const body = Buffer.concat([...pieces, writer.formEnd].map((piece) => Buffer.from(piece)))
      const expected = parts.map((part) => ({
        contentType: undefined,
        ...part,
        content: part.content.toString('hex'),
      }))
      expect(await read(writer.contentType, body, sizes)).toEqual(expected)
    }),
  )
})

test('a form that is truncated before the end of its last boundary is rejected', async () => {
  const writer = createFormWriter()
  const head = writer.partHead({ name: 'file', fileName: 'a', contentType: 'a/b' })
  const body = Buffer.from(`${head}hello${writer.partEnd}${writer.formEnd}`)
  // The line break after the last boundary is optional.
  const end = body.length - '\r\n'.length
  for (let length = 0; length < end; length += 1)
    await expect(read(writer.contentType, body.subarray(0, length))).rejects.toThrow(
      'The upload form is not valid.',
    )
  expect(await read(writer.contentType, body.subarray(0, end))).toHaveLength(1)
})

test('chunks that were read are released, however many there are', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const heapBytes = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const writer = createFormWriter()
  let grownBytes = Number.NaN
  async function* chunks() {
    yield Buffer.from(writer.partHead({ name: 'file', fileName: 'a' }))
    const before = heapBytes()
    for (let count = 0; count < 50_000; count += 1) yield Buffer.from('x')
    grownBytes = heapBytes() - before
    yield Buffer.from(`${writer.partEnd}${writer.formEnd}`)
  }
  const form = { contentType: writer.contentType, chunks }
  for await (const { content } of readFormParts(form, LIMITS)) for await (const _ of content);
  expect(grownBytes).toBeLessThan(2 * 1024 * 1024)
})

const formWith = (head: string) => Buffer.from(`--B\r\n${head}\r\n\r\nx\r\n--B--`)

test.for<[head: string, part: object]>([
  ['Content-Disposition: form-data; name=plain', { name: 'plain', fileName: undefined }],
  ['content-disposition: FORM-DATA; NAME="a"; FILENAME="b"', { name: 'a', fileName: 'b' }],
  ['Content-Disposition: form-data; filename="name=evil"; name="a"', { name: 'a', fileName: 'name=evil' }],
  ['Content-Disposition: form-data;\r\n name="folded"', { name: 'folded' }],
  ['Content-Disposition: form-data; name="q\\"q"', { name: 'q"q' }],
  // A backslash escapes only a quote and a backslash: browsers don't escape the backslashes of Windows paths.
  ['Content-Disposition: form-data; name="C:\\dir\\x"', { name: 'C:\\dir\\x' }],
  ['Content-Disposition: form-data; name="a;b=c"', { name: 'a;b=c' }],
  [
    'X: 1\r\nContent-Type: image/png\r\nContent-Disposition: form-data; name="a"; filename="b"',
    { contentType: 'image/png' },
  ],
])('a part with the headers %j is parsed', async ([head, part]) => {
  expect(await read('multipart/form-data; boundary=B', formWith(head))).toMatchObject([part])
})

test.for([
  'multipart/form-data; boundary=B',
  'Multipart/Form-Data; charset=utf-8; BOUNDARY="B"',
  'multipart/form-data ;boundary=B',
])('the boundary in the Content-Type %j is found', async (contentType) => {
  expect(await read(contentType, formWith('Content-Disposition: form-data; name="a"'))).toHaveLength(1)
})

test.for(['', 'multipart/form-data', 'multipart/mixed; boundary=B', 'text/plain; boundary=B'])(
  'a form with the Content-Type %j is rejected',
  async (contentType) => {
    await expect(
      read(contentType, formWith('Content-Disposition: form-data; name="a"')),
    ).rejects.toMatchObject({
      code: 'invalid_input',
      fields: [{ field: 'content-type' }],
    })
  },
)

test('the source is closed when reading stops early', async () => {
  let isClosed = false
  const chunks = async function* () {
    try {
      yield formWith('Content-Disposition: form-data; name="a"')
      yield Buffer.from('more')
    } finally {
      isClosed = true
    }
  }
  for await (const _ of readFormParts({ contentType: 'multipart/form-data; boundary=B', chunks }, LIMITS))
    break
  expect(isClosed).toBe(true)
})
