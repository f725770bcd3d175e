import { z } from 'zod'
import { TrackerError } from '../domain/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts'
import type { Baseline } from '../domain/submission.ts'
import type { UploadResponse } from '../domain/upload-response.ts'
import { isTagList, readFileFacts } from './file-facts.ts'
import { keptJson } from './kept-json.ts'
import { fileIdText, plainText } from './plain-text.ts'

/** More than a request can ask for: see `extensions`. */
const MAX_NAMES = 100

// What is only kept is not looked into: whoever sends it may have put a million things into it.
const fileSchema = z.looseObject({
  fileId: fileIdText.optional(),
  name: z.string().optional().catch(undefined),
  extensionStatus: z.custom<JsonObject>(isJsonObject).optional().catch(undefined),
  tags: z.custom<Json[]>(Array.isArray).nullish().catch(undefined),
  customMetadata: z.custom<JsonObject>(isJsonObject).nullish().catch(undefined),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional()
    .catch(undefined),
  message: z.string().optional().catch(undefined),
})
type File = z.infer<typeof fileSchema>

/**
 * What ImageKit's answer to an upload or an update means. 4xx is a clear refusal; whatever is neither that nor a file
 * leaves open whether ImageKit has it. 202 is the documented answer for a video whose pre-transformation is queued.
 */
export function readAnswer(status: number, body: string, requestId: string | null): UploadResponse {
  const file = parseFile(body)
  if (status >= 400 && status < 500) return refused(file?.message, status, requestId)
  if (status === 202 && file !== undefined && file.fileId === undefined) return accepted(file, requestId)
  if (status >= 200 && status < 300 && file?.fileId !== undefined) return accepted(file, requestId)
  const message = file?.message ?? `ImageKit answered ${status} without saying what became of the file.`
  return { kind: 'unconfirmed', requestId, error: { code: 'imagekit_unclear', message, status } }
}

/** The same for a body that somebody else received and tells us. Throws `invalid_input` for what ImageKit can't have answered. */
export function parseToldAnswer(body: JsonObject): UploadResponse {
  const { extensionStatus } = body
  if (isJsonObject(extensionStatus) && Object.keys(extensionStatus).length > MAX_NAMES)
    throw notAnAnswer('extensionStatus', `has more than ${MAX_NAMES} extensions`)
  const answer = readToldAnswer(body)
  if (answer === undefined) throw notAnAnswer('fileId', 'is needed, or the "message" of an error')
  return answer
}

/** The same for a body that ImageKit itself tells; undefined where it is no answer. */
export function readToldAnswer(body: JsonObject): UploadResponse | undefined {
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

function refused(
  message: string | undefined,
  status: number | null,
  requestId: string | null,
): UploadResponse {
  const error = { code: 'imagekit_refused', message: message ?? `ImageKit answered ${status}.`, status }
  return { kind: 'rejected', requestId, error }
}

function notAnAnswer(field: string, message: string): TrackerError {
  return new TrackerError('invalid_input', 'The body is not what ImageKit answers to an upload.', {
    fields: [{ field, message }],
  })
}

function accepted(file: File, requestId: string | null): UploadResponse {
  return {
    kind: 'accepted',
    fileId: file.fileId ?? null,
    fileName: file.name ?? null,
    requestId,
    extensionStatus: readStatuses(file.extensionStatus ?? {}),
    baseline: readBaseline(file),
  }
}

/** What is no name of an extension, and what is more than `MAX_NAMES`, nobody can have asked for. */
function readStatuses(
  extensionStatus: JsonObject,
): (UploadResponse & { kind: 'accepted' })['extensionStatus'] {
  const told = Object.entries(extensionStatus).slice(0, MAX_NAMES)
  const named = told.filter(([name]) => plainText.safeParse(name).success)
  return Object.fromEntries(named.map(([name, status]) => [name, readStatus(status)]))
}

/** A word that is not known (yet) is no final one. */
function readStatus(status: unknown): 'pending' | 'success' | 'failed' {
  return status === 'success' || status === 'failed' ? status : 'pending'
}

/** Null where the AI tags can't be read: compared with "none", every later tag would look like evidence. */
function readBaseline(file: File): Baseline | null {
  const hasTags = file['AITags'] !== undefined && file['AITags'] !== null
  const facts = hasTags && !isTagList(file['AITags']) ? undefined : readFileFacts(file)
  if (facts === undefined) return null
  const { fileId: _, hasAlpha: __, ...seen } = facts
  return {
    ...seen,
    tags: keptJson(file.tags ?? null),
    customMetadata: keptJson(file.customMetadata ?? null),
    url: file.url ?? null,
  }
}
