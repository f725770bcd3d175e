import type { ExtensionError } from '../extensions/failure-cause.ts'
import type { FileDetails } from '../wire/file-details.ts'

/**
 * The body POSTed to a `webhookUrl`, one per extension. A success contains the file as Get File Details returns it, a
 * failure the fileId and the error.
 */
export type ExtensionWebhook =
  | { service: string; status: 'SUCCESS'; fileObject: FileDetails }
  | { service: string; status: 'FAILURE'; fileId: string; error: ExtensionError }
