import { createFormWriter } from '../imagekit/form-writer.ts'
import type { UploadSource } from './upload-source.ts'

export type UploadForm = {
  contentType: string
  /** Undefined if the size of the file is not known. */
  contentLength: number | undefined
  body: AsyncIterable<string | Uint8Array>
}

/** The form of one upload, which streams the file. The file comes last, so that an invalid field is rejected early. */
export function createUploadForm(
  source: UploadSource,
  fields: readonly (readonly [string, string])[],
  onSent: (bytes: number) => void = () => {},
): UploadForm {
  const writer = createFormWriter()
  const part = (name: string, value: string) => `${writer.partHead({ name })}${value}${writer.partEnd}`
  const head = fields.map(([name, value]) => part(name, value)).join('')
  const { contentType } = writer
  if (source.kind === 'url') {
    const form = `${head}${part('file', source.url)}${writer.formEnd}`
    return { contentType, contentLength: Buffer.byteLength(form), body: toAsync(form) }
  }
  // ImageKit takes the name from the `fileName` parameter. This one may contain only characters that a form allows.
  const fileName = (source.fileName ?? 'file').replace(/[\\\p{Cc}]/gu, '_')
  const fileHead = writer.partHead({ name: 'file', fileName, contentType: 'application/octet-stream' })
  const before = `${head}${fileHead}`
  const after = `${writer.partEnd}${writer.formEnd}`
  const { sizeBytes } = source
  return {
    contentType,
    contentLength:
      sizeBytes === undefined ? undefined : Buffer.byteLength(before) + sizeBytes + Buffer.byteLength(after),
    body: streamForm(before, source.read, after, onSent),
  }
}

async function* streamForm(
  before: string,
  read: () => AsyncIterable<Buffer>,
  after: string,
  onSent: (bytes: number) => void,
): AsyncGenerator<string | Uint8Array, void> {
  yield before
  for await (const chunk of read()) {
    yield chunk
    onSent(chunk.length)
  }
  yield after
}

async function* toAsync(text: string): AsyncGenerator<string, void> {
  yield text
}
