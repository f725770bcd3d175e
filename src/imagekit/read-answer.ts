import { z } from 'zod'
import type { JsonObject } from '../domain/json.ts'
import type { Answer } from '../domain/judge-answer.ts'
import type { Baseline } from '../domain/submission.ts'
import { readFileFacts } from './file-facts.ts'
import { fileIdText } from './plain-text.ts'

const fileSchema = z.looseObject({
  fileId: fileIdText.optional(),
  name: z.string().optional().catch(undefined),
  extensionStatus: z.record(z.string(), z.unknown()).optional().catch(undefined),
  tags: z.array(z.string()).nullish().catch(undefined),
  customMetadata: z
    .record(
      z.string(),
      z.union([
        z.string(),
        z.number(),
        z.boolean(),
        z.null(),
        z.array(z.union([z.string(), z.number(), z.boolean()])),
      ]),
    )
    .nullish()
    .catch(undefined),
  message: z.string().optional().catch(undefined),
})
type File = z.infer<typeof fileSchema>

/**
 * What ImageKit's answer to an upload or an update means. 4xx is a clear refusal; whatever is neither that nor a file
 * leaves open whether ImageKit has it. 202 is the documented answer for a video whose pre-transformation is queued.
 */
export function readAnswer(status: number, body: string, requestId: string | null): Answer {
  const file = parseFile(body)
  if (status >= 400 && status < 500) return refused(file?.message, status, requestId)
  if (status === 202 && file !== undefined && file.fileId === undefined) return accepted(file, requestId)
  if (status >= 200 && status < 300 && file?.fileId !== undefined) return accepted(file, requestId)
  const message = file?.message ?? `ImageKit answered ${status} without saying what became of the file.`
  return { kind: 'unconfirmed', requestId, error: { code: 'imagekit_unclear', message, status } }
}

/** The same for a body that somebody else received and tells us; undefined where it is no answer of ImageKit's. */
export function readToldAnswer(body: JsonObject): Answer | undefined {
  const parsed = fileSchema.safeParse(body)
  if (!parsed.success) return undefined
  const file = parsed.data
  if (file.fileId !== undefined) return accepted(file, null)
  if (file.message === undefined) return undefined
  const isQueued = /queued successfully/i.test(file.message)
  return isQueued ? accepted(file, null) : refused(file.message, null, null)
}

function parseFile(body: string): File | undefined {
  try {
    return fileSchema.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}

function refused(message: string | undefined, status: number | null, requestId: string | null): Answer {
  const error = { code: 'imagekit_refused', message: message ?? `ImageKit answered ${status}.`, status }
  return { kind: 'rejected', requestId, error }
}

function accepted(file: File, requestId: string | null): Answer {
  return {
    kind: 'accepted',
    fileId: file.fileId ?? null,
    fileName: file.name ?? null,
    requestId,
    extensionStatus: Object.fromEntries(
      Object.entries(file.extensionStatus ?? {}).map(([name, status]) => [name, readStatus(status)]),
    ),
    baseline: readBaseline(file),
  }
}

/** A word that is not known (yet) is no final one. */
function readStatus(status: unknown): 'pending' | 'success' | 'failed' {
  return status === 'success' || status === 'failed' ? status : 'pending'
}

/** Null where the AI tags can't be read: compared with "none", every later tag would look like evidence. */
function readBaseline(file: File): Baseline | null {
  const hasTags = file['AITags'] !== undefined && file['AITags'] !== null
  const facts = hasTags && !Array.isArray(file['AITags']) ? undefined : readFileFacts(file)
  if (facts === undefined) return null
  const { fileId: _, hasAlpha: __, ...seen } = facts
  return { ...seen, tags: file.tags ?? null, customMetadata: file.customMetadata ?? null }
}
