import { z } from 'zod'
import type { ExtensionResult } from '../domain/extension-result.ts'
import { isTooDeep, type Json } from '../domain/json.ts'
import { isFileId, plainText } from '../domain/plain-text.ts'
import type { FinalStatus } from '../domain/run.ts'

const webhookSchema = z.object({
  service: plainText.optional().catch(undefined),
  status: z.string().optional().catch(undefined),
  fileId: z.string().optional().catch(undefined),
  fileObject: z.object({ fileId: z.string() }).optional().catch(undefined),
  error: z.unknown().optional(),
})

const UNRECOGNISED: ExtensionResult = { service: null, status: null, fileId: null, error: null }

/**
 * Reads the payload of an extension webhook: `{ service, status: "SUCCESS", fileObject }` or
 * `{ service, status: "FAILURE", fileId, error }`. A field that is missing or unrecognised becomes null, because payloads of any
 * shape are stored. An invalid file id makes both `fileId` and `service` null, so that the payload counts as unrecognised.
 * `bytes` is the size of the whole body.
 */
export function readExtensionResult(payload: Json, bytes: number): ExtensionResult {
  const parsed = webhookSchema.safeParse(payload)
  if (!parsed.success) return UNRECOGNISED
  const { service, status, fileId, fileObject, error } = parsed.data
  const fileIds = [fileObject?.fileId, fileId].filter((id) => id !== undefined)
  const areValid = fileIds.every(isFileId)
  return {
    service: areValid ? (service ?? null) : null,
    status: readFinalStatus(status),
    fileId: areValid ? (fileIds[0] ?? null) : null,
    error: readError(error as Json | undefined, bytes),
  }
}

function readFinalStatus(status: string | undefined): FinalStatus | null {
  switch (status?.toUpperCase()) {
    case 'SUCCESS':
      return 'success'
    case 'FAILURE':
      return 'failed'
    default:
      return null
  }
}

/** An error that is nested too deeply to be serialised is replaced by the size of the body. The stored body still contains it. */
function readError(error: Json | undefined, bytes: number): Json | null {
  if (error === undefined) return null
  return isTooDeep(error) ? { truncated: true, bytes } : error
}

/** ImageKit's webhook payload for a failed extension. */
export function failurePayload(
  service: string,
  failure: { fileId: string | null; error: Json | null },
): string {
  return JSON.stringify({ service, status: 'FAILURE', ...failure })
}

/** ImageKit's webhook payload for a successful extension, built from the file's details. */
export function successPayload(service: string, fileObject: object): string {
  return JSON.stringify({ service, status: 'SUCCESS', fileObject })
}
