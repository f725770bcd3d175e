import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import busboy from 'busboy'
import fc from 'fast-check'
import { Response } from 'undici'
import { expect, test } from 'vitest'
import { TrackerError } from '../../../src/domain/errors.ts'
import type { FormPart } from '../../../src/imagekit/form-part.ts'
import { readFormParts } from '../../../src/imagekit/form-reader.ts'
import { createFormWriter } from '../../../src/imagekit/form-writer.ts'
import { relayUpload } from '../../../src/imagekit/upload-relay.ts'

const LIMITS = { maxFieldBytes: 1024 * 1024, maxParts: 100 }
const OUR_URL = 'https://tracker.example.com/webhooks/extension/token'

type ParsedPart = { name: string; fileName: string | null; content: string }

/** Names are compared as they are on the wire, because undici decodes `%22`, `%0D` and `%0A`, and busboy does not. */
function onWire(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}

/** An empty file name counts as absent here, because busboy treats it so; undici accepts it. */
function parsedPart(name: string, fileName: string | null | undefined, content: Buffer): ParsedPart {
  return {
    name: onWire(name),
    fileName: fileName ? onWire(fileName) : null,
    content: content.toString('hex'),
  }
}

async function* inOneChunk(body: Buffer): AsyncGenerator<Buffer> {
  yield body
}

/** Relays an incoming form. Returns the outgoing form, and the parts that parsers must find in it; undefined if it is rejected. */
async function relay(contentType: string, body: Buffer) {
  const writer = createFormWriter()
  const relayedParts: ParsedPart[] = []
  async function* recorded(): AsyncGenerator<FormPart> {
    for await (const part of readFormParts({ contentType, chunks: () => inOneChunk(body) }, LIMITS)) {
      const content: Buffer[] = []
      for await (const chunk of part.content) content.push(chunk)
      const bytes = Buffer.concat(content)
      // The caller's `webhookUrl` and an empty `extensions` are not relayed.
      const isEmptyExtensions = part.name === 'extensions' && bytes.length === 0
      if (part.name !== 'webhookUrl' && !isEmptyExtensions)
        relayedParts.push(parsedPart(part.name, part.fileName, bytes))
      yield { ...part, content: inOneChunk(bytes) }
    }
  }
  const pieces: Buffer[] = []
  const close = async () => ({ webhookUrl: OUR_URL })
  const options = { fingerprint: false, allowPrivateTargets: false, onComplete: () => {} }
  try {
    for await (const piece of relayUpload(recorded(), writer, close, options)) pieces.push(Buffer.from(piece))
  } catch (error) {
    if (error instanceof TrackerError && error.code === 'invalid_input') return undefined
    throw error
  }
  relayedParts.push(parsedPart('webhookUrl', null, Buffer.from(OUR_URL)))
  return { relayedParts, contentType: writer.contentType, body: Buffer.concat(pieces) }
}

async function parseWithUndici({
  contentType,
  body,
}: {
  contentType: string
  body: Buffer
}): Promise<ParsedPart[]> {
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData()
  const parts = [...form].map(async ([name, value]) =>
    typeof value === 'string'
      ? parsedPart(name, null, Buffer.from(value))
      : parsedPart(name, value.name, Buffer.from(await value.arrayBuffer())),
  )
  return Promise.all(parts)
}

async function parseWithBusboy({
  contentType,
  body,
}: {
  contentType: string
  body: Buffer
}): Promise<ParsedPart[]> {
  const parser = busboy({
    headers: { 'content-type': contentType },
    preservePath: true,
    defParamCharset: 'utf8',
    defCharset: 'latin1',
  })
  const parts: Promise<ParsedPart>[] = []
  parser.on('field', (name, value) =>
    parts.push(Promise.resolve(parsedPart(name, null, Buffer.from(value, 'latin1')))),
  )
  parser.on('file', (name, stream, { filename }) =>
    parts.push(buffer(stream).then((content) => parsedPart(name, filename, content))),
  )
  parser.end(body)
  await once(parser, 'close')
  return Promise.all(parts)
}

// Pieces of part headers. The rare ones often make the tracker reject the form.
const FREQUENT_PIECES = [
  '"',
  ';',
  '=',
  "'",
  '*',
  ' ',
  '\t',
  '%22',
  '%0D%0A',
  '%5C',
  'name',
  'filename',
  'a',
  'ü',
  '☃',
  ':',
]
const RARE_PIECES = ['\\', '\r', '\n', '\r\n', '\0', '\x1b', 'webhookUrl', 'extensions', 'file']
const piece = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...FREQUENT_PIECES) },
  { weight: 1, arbitrary: fc.constantFrom(...RARE_PIECES) },
)
const text = fc.array(piece, { minLength: 1, maxLength: 8 }).map((list) => list.join(''))
const quoted = text.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
const value = fc.oneof(
  quoted,
  text.map((raw) => `"${raw}"`),
  text,
)
const parameter = fc
  .tuple(fc.constantFrom('name', 'name', 'filename', 'filename*', 'x'), value)
  .map(([name, value]) => `; ${name}=${value}`)
const disposition = fc.oneof(
  {
    weight: 1,
    arbitrary: fc
      .array(parameter, { maxLength: 4 })
      .map((list) => `Content-Disposition: form-data${list.join('')}`),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(quoted, fc.option(quoted, { nil: undefined }))
      .map(
        ([name, fileName]) =>
          `Content-Disposition: form-data; name=${name}${fileName === undefined ? '' : `; filename=${fileName}`}`,
      ),
  },
)
const contentType = fc.constantFrom(
  '',
  '',
  'Content-Type: image/png\r\n',
  'Content-Type: text/plain; x="\\""\r\n',
)
const part = fc
  .tuple(disposition, contentType, fc.string({ maxLength: 20 }))
  .map(([disposition, contentType, content]) => `${disposition}\r\n${contentType}\r\n${content}`)

const form = fc
  .array(part, { minLength: 1, maxLength: 3 })
  .map((parts) => Buffer.from(`${parts.map((text) => `--B\r\n${text}\r\n`).join('')}--B--\r\n`))

test('undici and busboy read from a relayed form the same names, file names and contents that the tracker relayed', async () => {
  let relayedCount = 0
  await fc.assert(
    fc.asyncProperty(form, async (body) => {
      const outgoing = await relay('multipart/form-data; boundary=B', body)
      if (outgoing === undefined) return
      relayedCount += 1
      expect(await parseWithUndici(outgoing)).toEqual(outgoing.relayedParts)
      expect(await parseWithBusboy(outgoing)).toEqual(outgoing.relayedParts)
    }),
    { numRuns: 1000 },
  )
  // If the tracker rejected most of the forms, the parsers would have compared little.
  expect(relayedCount).toBeGreaterThan(300)
}, 60_000)
