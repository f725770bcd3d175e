import type { FileDetails } from '../wire/file-details.ts'

/**
 * The body of a webhook that is POSTed to a `webhookUrl`; it reports the result of one extension. A success contains the file, as
 * Get File Details returns it; a failure contains the `fileId` and the error.
 */
export type ExtensionWebhook =
  | { service: string; status: 'SUCCESS'; fileObject: FileDetails }
  | { service: string; status: 'FAILURE'; fileId: string; error: ExtensionError }

export function successWebhook(service: string, fileObject: FileDetails): ExtensionWebhook {
  return { service, status: 'SUCCESS', fileObject }
}

export function failureWebhook(
  service: string,
  fileId: string,
  error: ExtensionError = errorOfExtension(service),
): ExtensionWebhook {
  return { service, status: 'FAILURE', fileId, error }
}

/** The `error` of a FAILURE webhook. ImageKit does not document its fields; these are the sandbox's own. */
type ExtensionError = { message: string; reason: string }

const ERRORS: ReadonlyMap<string, ExtensionError> = new Map([
  [
    'remove-bg',
    {
      message: 'The image could not be processed by remove.bg: unknown foreground.',
      reason: 'unknown_foreground',
    },
  ],
  [
    'aws-auto-tagging',
    {
      message: 'The image could not be processed by Amazon Rekognition: image too large.',
      reason: 'image_too_large',
    },
  ],
  [
    'google-auto-tagging',
    {
      message: 'The image could not be processed by Google Cloud Vision: bad image data.',
      reason: 'bad_image_data',
    },
  ],
  [
    'ai-auto-description',
    { message: 'A description could not be generated for the image.', reason: 'description_not_generated' },
  ],
  ['ai-tasks', { message: 'The tasks could not be evaluated for the image.', reason: 'tasks_not_evaluated' }],
])

const DEFAULT_ERROR: ExtensionError = {
  message: 'The extension could not be applied to the file.',
  reason: 'processing_failed',
}

export function errorOfExtension(extension: string): ExtensionError {
  return ERRORS.get(extension) ?? DEFAULT_ERROR
}
