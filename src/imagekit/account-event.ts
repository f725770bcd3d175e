import { z } from 'zod'
import type { AccountEvent } from '../domain/account-event.ts'
import { isJsonObject, type JsonObject } from '../domain/json.ts'
import { fileIdText, plainText } from '../domain/plain-text.ts'
import { readResponseBody } from './read-response.ts'

const eventSchema = z.looseObject({
  id: plainText.optional().catch(undefined),
  type: plainText.optional().catch(undefined),
  request: z.looseObject({ x_request_id: plainText }).optional().catch(undefined),
  // The payload came from `JSON.parse`, so an object in it is a JSON object. How deeply it is nested is not checked.
  data: z.custom<JsonObject>(isJsonObject).optional().catch(undefined),
})
const fileSchema = z.looseObject({ fileId: fileIdText })
const failureSchema = z.looseObject({
  transformation: z.looseObject({ error: z.looseObject({ reason: z.string() }) }),
})

type FinishedUpload = (AccountEvent & { kind: 'upload_finished' })['response']

/**
 * Reads the payload of an account webhook, which is configured in ImageKit's dashboard: `{ type, id, created_at, data, request? }`.
 * https://imagekit.io/docs/webhooks lists the events. Unrecognised events become `other`, because they are stored, too.
 */
export function readAccountEvent(payload: unknown): AccountEvent {
  const event = eventSchema.safeParse(payload).data
  const eventId = event?.id ?? null
  const type = event?.type
  if (event === undefined || type === undefined) return { kind: 'other', eventId, type: null }

  const requestId = event.request?.x_request_id
  const finished = requestId === undefined ? undefined : readFinishedUpload(type, requestId, event.data)
  if (requestId !== undefined && finished !== undefined)
    return { kind: 'upload_finished', eventId, type, requestId, response: finished }

  const fileId = fileSchema.safeParse(event.data).data?.fileId
  if (fileId === undefined) return { kind: 'other', eventId, type }
  // `file.created` follows every upload, so it does not report a change to an existing asset.
  const isChange = /^file(-version)?\./.test(type) && type !== 'file.created'
  return { kind: isChange ? 'asset' : 'other', eventId, type, fileId }
}

/** The result of a queued upload; undefined for other events, and for a success that doesn't name the new file. */
function readFinishedUpload(
  type: string,
  requestId: string,
  data: JsonObject | undefined,
): FinishedUpload | undefined {
  if (type === 'upload.pre-transform.error') {
    const reason = failureSchema.safeParse(data).data?.transformation.error.reason ?? 'no reason given'
    const message = `The pre-transformation failed: ${reason}`
    return {
      kind: 'rejected',
      requestId,
      error: { code: 'pre_transformation_failed', message, status: null },
    }
  }
  if (type !== 'upload.pre-transform.success' || data === undefined) return undefined
  const response = readResponseBody(data)
  return response?.kind === 'accepted' && response.fileId !== null ? { ...response, requestId } : undefined
}
