import { z } from 'zod'
import type { AccountEvent } from '../domain/account-event.ts'
import { isJsonObject, type JsonObject } from '../domain/json.ts'
import { fileIdText, plainText } from './plain-text.ts'
import { readToldAnswer } from './read-response.ts'

const eventSchema = z.looseObject({
  id: plainText.optional().catch(undefined),
  type: plainText.optional().catch(undefined),
  request: z.looseObject({ x_request_id: plainText }).optional().catch(undefined),
  // The payload came from `JSON.parse`, so an object in it is JSON; how deep it goes is not looked at.
  data: z.custom<JsonObject>(isJsonObject).optional().catch(undefined),
})
const fileSchema = z.looseObject({ fileId: fileIdText })
const failureSchema = z.looseObject({
  transformation: z.looseObject({ error: z.looseObject({ reason: z.string() }) }),
})

type UploadAnswer = (AccountEvent & { kind: 'upload_finished' })['answer']

/**
 * Reads the POST of a webhook that is set up in ImageKit's dashboard: `{ type, id, created_at, data, request? }`.
 * https://imagekit.io/docs/webhooks lists the events; whatever is not understood is `other`, for it is kept all the same.
 */
export function readAccountEvent(payload: unknown): AccountEvent {
  const event = eventSchema.safeParse(payload).data
  const eventId = event?.id ?? null
  const type = event?.type
  if (event === undefined || type === undefined) return { kind: 'other', eventId, type: null }

  const requestId = event.request?.x_request_id
  const answer = requestId === undefined ? undefined : readUploadAnswer(type, requestId, event.data)
  if (requestId !== undefined && answer !== undefined)
    return { kind: 'upload_finished', eventId, type, requestId, answer }

  const fileId = fileSchema.safeParse(event.data).data?.fileId
  if (fileId === undefined) return { kind: 'other', eventId, type }
  // Every upload is followed by `file.created`: it reports no change.
  const isChange = /^file(-version)?\./.test(type) && type !== 'file.created'
  return { kind: isChange ? 'asset' : 'other', eventId, type, fileId }
}

/** How a queued upload ended; undefined for other events, and where a success does not say which file it made. */
function readUploadAnswer(
  type: string,
  requestId: string,
  data: JsonObject | undefined,
): UploadAnswer | undefined {
  if (type === 'upload.pre-transform.error') {
    const reason = failureSchema.safeParse(data).data?.transformation.error.reason ?? 'no reason was given'
    const message = `The pre-transformation failed: ${reason}`
    return {
      kind: 'rejected',
      requestId,
      error: { code: 'pre_transformation_failed', message, status: null },
    }
  }
  if (type !== 'upload.pre-transform.success' || data === undefined) return undefined
  const answer = readToldAnswer(data)
  return answer?.kind === 'accepted' && answer.fileId !== null ? { ...answer, requestId } : undefined
}
