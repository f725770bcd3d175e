import { z } from 'zod'
import { isFileId } from '../domain/file-id.ts'
import { CommandError } from './command-error.ts'
import type { TrackerAnswer } from './tracker-answer.ts'
import type { TrackerClient } from './tracker-client.ts'
import { createUploadForm } from './upload-form.ts'
import type { UploadSource } from './upload-source.ts'

const bodySchema = z.record(z.string(), z.unknown())

const answerSchema = z.object({
  fileId: z.string().refine(isFileId).optional().catch(undefined),
  name: z.string().optional(),
  url: z.string().optional(),
  message: z.string().optional(),
  extensionStatus: z.record(z.string(), z.string()).optional().catch(undefined),
})

export type SentUpload = {
  /** ImageKit's answer as it came. */
  body: { [field: string]: unknown }
  /** What is read of it here. */
  answer: z.infer<typeof answerSchema>
  submissionId: string | null
  /** Null where there is no fileId yet. */
  statusUrl: string | null
  eventsUrl: string | null
}

export type Upload = {
  source: UploadSource
  fields: readonly (readonly [string, string])[]
  idempotencyKey?: string | undefined
  onSent?: (bytes: number) => void
}

/** Uploads through the service. Throws `CommandError` where it is refused. */
export async function sendUpload(client: TrackerClient, upload: Upload): Promise<SentUpload> {
  const { source, fields, idempotencyKey, onSent } = upload
  const form = createUploadForm(source, fields, onSent)
  try {
    const answer = await client.send({
      method: 'POST',
      path: '/api/v1/files/upload',
      headers: {
        'content-type': form.contentType,
        ...(form.contentLength !== undefined && { 'content-length': String(form.contentLength) }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      body: form.body,
    })
    if (answer.status < 200 || answer.status > 299) throw client.refusal(answer)
    const link = answer.header('link') ?? ''
    return {
      ...parseAnswer(answer),
      submissionId: answer.header('x-submission-id') ?? null,
      statusUrl: linkTarget(link, 'status'),
      eventsUrl: linkTarget(link, 'events'),
    }
  } finally {
    if (source.kind === 'bytes') await source.close()
  }
}

function parseAnswer({ status, text }: TrackerAnswer): Pick<SentUpload, 'body' | 'answer'> {
  try {
    const body = bodySchema.parse(JSON.parse(text))
    return { body, answer: answerSchema.parse(body) }
  } catch (cause) {
    throw new CommandError(`The answer (${status}) is not what ImageKit answers to an upload.`, 1, { cause })
  }
}

/** The target of `<…>; rel="RELATION"`. */
function linkTarget(header: string, relation: 'status' | 'events'): string | null {
  return new RegExp(`<([^>]*)>\\s*;\\s*rel="?${relation}"?`).exec(header)?.[1] ?? null
}
