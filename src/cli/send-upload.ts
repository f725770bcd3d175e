import { z } from 'zod'
import { readText } from '../client/http.ts'
import { isFileId } from '../domain/plain-text.ts'
import { createFormWriter } from '../imagekit/form-writer.ts'
import { CommandError } from './command-error.ts'
import { type CommandClient, explainErrors } from './tracker-client.ts'
import type { UploadSource } from './upload-source.ts'

const bodySchema = z.record(z.string(), z.unknown())

const responseSchema = z.object({
  fileId: z.string().refine(isFileId).optional().catch(undefined),
  name: z.string().optional(),
  url: z.string().optional(),
  message: z.string().optional(),
  extensionStatus: z.record(z.string(), z.string()).optional().catch(undefined),
})

export type SentUpload = {
  /** ImageKit's complete response. */
  body: { [field: string]: unknown }
  /** The fields of `body` that the commands use. */
  response: z.infer<typeof responseSchema>
  submissionId: string | null
  /** Both URLs are null if there is no fileId yet. */
  statusUrl: string | null
  eventsUrl: string | null
}

export type Upload = {
  source: UploadSource
  fields: readonly (readonly [string, string])[]
  idempotencyKey?: string | undefined
  /** Called after each chunk of the file, with its size. */
  onSent?: (bytes: number) => void
}

/** Uploads through the service. Throws `CommandError` without a response, and for one that is an error or not ImageKit's upload response. */
export async function sendUpload(
  client: CommandClient,
  { source, fields, idempotencyKey, onSent }: Upload,
  signal?: AbortSignal,
): Promise<SentUpload> {
  const form = createUploadForm(source, fields, onSent)
  try {
    const headers = {
      'content-type': form.contentType,
      ...(form.contentLength !== undefined && { 'content-length': String(form.contentLength) }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    }
    const request = { method: 'POST', headers, body: form.body, signal }
    const response = await explainErrors(client, client.http.send('/api/v1/files/upload', request))
    const link = response.headers.get('link') ?? ''
    return {
      ...parseResponse(response.status, await explainErrors(client, readText(response, signal))),
      submissionId: response.headers.get('x-submission-id'),
      statusUrl: linkTarget(link, 'status'),
      eventsUrl: linkTarget(link, 'events'),
    }
  } finally {
    if (source.kind === 'bytes') await source.close()
  }
}

function parseResponse(status: number, text: string): Pick<SentUpload, 'body' | 'response'> {
  try {
    const body = bodySchema.parse(JSON.parse(text))
    return { body, response: responseSchema.parse(body) }
  } catch (cause) {
    throw new CommandError(`The response (${status}) is not ImageKit's upload response.`, 1, { cause })
  }
}

/** The target of `<…>; rel="RELATION"`. */
function linkTarget(header: string, relation: 'status' | 'events'): string | null {
  return new RegExp(`<([^>]*)>\\s*;\\s*rel="?${relation}"?`).exec(header)?.[1] ?? null
}

type UploadForm = {
  contentType: string
  /** Undefined if the size of the file is not known. */
  contentLength: number | undefined
  body: string | AsyncIterable<Uint8Array>
}

/** The form of one upload, which streams the file. The file comes last, so that an invalid field is rejected early. */
function createUploadForm(
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
    return { contentType, contentLength: Buffer.byteLength(form), body: form }
  }
  // A form doesn't allow every character in a file name. ImageKit takes the file's name from the `fileName` parameter instead.
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
): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(before)
  for await (const chunk of read()) {
    yield chunk
    onSent(chunk.length)
  }
  yield Buffer.from(after)
}
