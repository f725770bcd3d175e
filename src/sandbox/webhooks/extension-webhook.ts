import type { ExtensionError } from '../extensions/failure-cause.ts'
import type { FileDetails } from '../wire/file-details.ts'

/**
 * The body POSTed to a `webhookUrl`, one per extension: on success with the file as Get File Details would answer
 * it, on failure with the file's id beside the error.
 */
export type ExtensionWebhook =
  | { service: string; status: 'SUCCESS'; fileObject: FileDetails }
  | { service: string; status: 'FAILURE'; fileId: string; error: ExtensionError }
