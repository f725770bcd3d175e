import { z } from 'zod'
import { TrackerError } from '../domain/errors.ts'
import { isJsonObject, isTooDeep, type Json, type JsonObject } from '../domain/json.ts'
import { fileIdText, plainText } from '../domain/plain-text.ts'
import type { Baseline } from '../domain/submission.ts'
import type { UploadResponse } from '../domain/upload-response.ts'
import { isTagList, readFileFacts } from './file-facts.ts'

/** As many extensions as a request may have: see `extensions-parameter.ts`. */
const MAX_EXTENSIONS = 100

// Elements of arrays and objects that are only stored are not validated: a sender may put a million elements into them.
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
 * Reads ImageKit's response to an upload or an update. 2xx with a `fileId` is `accepted`, and 4xx `rejected`. 202 without a `fileId`
 * is `accepted`, too: it is the documented response for a video whose pre-transformation is queued. Anything else is `unconfirmed`:
 * ImageKit may have the file.
 */
export function readResponse(status: number, body: string, requestId: string | null): UploadResponse {
  const file = parseFile(body)
  if (status >= 400 && status < 500) return rejected(file?.message, status, requestId)
  if (status === 202 && file !== undefined && file.fileId === undefined) return accepted(file, requestId)
  if (status >= 200 && status < 300 && file?.fileId !== undefined) return accepted(file, requestId)
  const message = file?.message ?? `ImageKit responded with ${status} but without a result for the file.`
  return { kind: 'unconfirmed', requestId, error: { code: 'imagekit_unclear', message, status } }
}

/** Reads ImageKit's response to a request sent without the tracker, as its sender reports it. Throws `invalid_input` for any other body. */
export function parseReportedResponse(body: JsonObject): UploadResponse {
  const { extensionStatus } = body
  if (isJsonObject(extensionStatus) && Object.keys(extensionStatus).length > MAX_EXTENSIONS)
    throw notAResponse('extensionStatus', `has more than ${MAX_EXTENSIONS} extensions`)
  const response = readResponseBody(body)
  if (response === undefined) throw notAResponse('fileId', 'is required, or the "message" of an error')
  return response
}

/** Reads the body of a response whose status is unknown; undefined if it is no response to an upload or an update. */
export function readResponseBody(body: JsonObject): UploadResponse | undefined {
  const parsed = fileSchema.safeParse(body)
  if (!parsed.success) return undefined
  const file = parsed.data
  if (file.fileId !== undefined) return accepted(file, null)
  if (file.message === undefined) return undefined
  // The documented message of a 202 says that the pre-transformation has been queued.
  const isQueued = /queued successfully/i.test(file.message)
  return isQueued ? accepted(file, null) : rejected(file.message, null, null)
}

function parseFile(body: string): File | undefined {
  try {
    return fileSchema.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}

function rejected(
  message: string | undefined,
  status: number | null,
  requestId: string | null,
): UploadResponse {
  const error = {
    code: 'imagekit_rejected',
    message: message ?? `ImageKit responded with ${status}.`,
    status,
  }
  return { kind: 'rejected', requestId, error }
}

function notAResponse(field: string, message: string): TrackerError {
  return new TrackerError('invalid_input', "The body is not ImageKit's response to an upload.", {
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

/** Drops invalid names and all names beyond `MAX_EXTENSIONS`: no request can have contained them. */
function readStatuses(
  extensionStatus: JsonObject,
): (UploadResponse & { kind: 'accepted' })['extensionStatus'] {
  const entries = Object.entries(extensionStatus).slice(0, MAX_EXTENSIONS)
  const valid = entries.filter(([name]) => plainText.safeParse(name).success)
  return Object.fromEntries(valid.map(([name, status]) => [name, readStatus(status)]))
}

/** An unknown status is not final, so it counts as `pending`. */
function readStatus(status: unknown): 'pending' | 'success' | 'failed' {
  return status === 'success' || status === 'failed' ? status : 'pending'
}

/** Null without a `fileId`, and if the AI tags can't be read: compared with no tags, every later tag would look like evidence. */
function readBaseline(file: File): Baseline | null {
  const hasTags = file['AITags'] !== undefined && file['AITags'] !== null
  const facts = hasTags && !isTagList(file['AITags']) ? undefined : readFileFacts(file)
  if (facts === undefined) return null
  const { fileId: _, hasAlpha: __, ...fileState } = facts
  return {
    ...fileState,
    tags: storableJson(file.tags ?? null),
    customMetadata: storableJson(file.customMetadata ?? null),
    url: file.url ?? null,
  }
}

const MAX_STORED_LENGTH = 16 * 1024

/** The value, which is stored without being interpreted; null if it is too large or nested too deeply to store. */
function storableJson(value: Json): Json {
  return !isTooDeep(value) && JSON.stringify(value).length <= MAX_STORED_LENGTH ? value : null
}

/** An error in the shape that ImageKit's SDKs read. `help` explains that it is not from ImageKit. */
export function errorBody(message: string, explanationUrl?: string): { message: string; help: string } {
  const explanation = explanationUrl === undefined ? '' : `: ${explanationUrl} explains it`
  return { message, help: `This response is from the extension tracker, not from ImageKit${explanation}.` }
}
