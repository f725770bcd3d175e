import { z } from 'zod'
import type { Json } from '../domain/json.ts'
import type { ExtensionWord } from '../domain/judge-delivery.ts'
import type { FinalStatus } from '../domain/run.ts'

const fileIdSchema = z.string().min(1).max(256)
const webhookSchema = z.looseObject({
  service: z.string().min(1).max(256).optional().catch(undefined),
  status: z.string().optional().catch(undefined),
  fileId: fileIdSchema.optional().catch(undefined),
  fileObject: z.looseObject({ fileId: fileIdSchema }).optional().catch(undefined),
  error: z.unknown().optional(),
})

const NOTHING: ExtensionWord = { service: null, status: null, fileId: null, error: null }

/**
 * Reads the POST to a per-request `webhookUrl`: `{ service, status: "SUCCESS", fileObject }` or
 * `{ service, status: "FAILURE", fileId, error }`. What is not understood is null, for unknown shapes are kept.
 */
export function readExtensionWord(payload: unknown): ExtensionWord {
  const parsed = webhookSchema.safeParse(payload)
  if (!parsed.success) return NOTHING
  const { service, status, fileId, fileObject, error } = parsed.data
  return {
    service: service ?? null,
    status: readFinalStatus(status),
    fileId: fileObject?.fileId ?? fileId ?? null,
    error: readError(error),
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

/** `payload` came from `JSON.parse`, so `error` is JSON; one nested too deep to be written again is only counted. */
function readError(error: unknown): Json | null {
  if (error === undefined || error === null) return null
  try {
    JSON.stringify(error)
    return error as Json
  } catch {
    return { truncated: true, bytes: null }
  }
}
