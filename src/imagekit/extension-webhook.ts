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

const UNRECOGNIZED: ExtensionResult = { service: null, status: null, fileId: null, error: null }

/**
 * Reads the POST to a per-request `webhookUrl`: `{ service, status: "SUCCESS", fileObject }` or
 * `{ service, status: "FAILURE", fileId, error }`. Unrecognized fields are null, because unknown shapes are stored, too. With
 * an invalid file id, `service` is null as well. `bytes` is the size of the whole body.
 */
export function readExtensionResult(payload: Json, bytes: number): ExtensionResult {
  const parsed = webhookSchema.safeParse(payload)
  if (!parsed.success) return UNRECOGNIZED
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

/** An error nested too deeply to be serialized again is replaced by its size; the delivery has it complete. */
function readError(error: Json | undefined, bytes: number): Json | null {
  if (error === undefined) return null
  return isTooDeep(error) ? { truncated: true, bytes } : error
}
