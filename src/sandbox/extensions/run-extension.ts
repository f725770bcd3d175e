import { ApiError } from '../api-error.ts'
import type { DiskStorage } from '../library/disk-storage.ts'
import type { Library } from '../library/library.ts'
import type { SandboxLogger } from '../sandbox-logger.ts'
import type { ExtensionWebhook } from '../webhooks/extension-webhook.ts'
import { fileDetails } from '../wire/file-details.ts'
import { applyExtension } from './apply-extension.ts'
import type { ExtensionRequest } from './extension-request.ts'
import { failureCause } from './failure-cause.ts'

type Dependencies = { library: Library; storage: DiskStorage; origin: () => string; logger: SandboxLogger }

/** Runs one extension: applies it to the file unless it must fail, and returns the webhook that reports the result. */
export async function runExtension(
  { library, storage, origin, logger }: Dependencies,
  fileId: string,
  { name, extension }: ExtensionRequest,
  status: 'success' | 'failed',
): Promise<ExtensionWebhook> {
  if (status === 'failed') return failure(name, fileId)
  try {
    const file = await applyExtension({ library, storage }, fileId, extension)
    return { service: name, status: 'SUCCESS', fileObject: fileDetails(origin(), file) }
  } catch (error) {
    if (error instanceof ApiError)
      return failure(name, fileId, { message: error.message, reason: 'not_applied' })
    logger.error({ event: 'extension.failed', err: error, extension: name, fileId }, 'extension failed')
    return failure(name, fileId)
  }
}

function failure(service: string, fileId: string, error = failureCause(service)): ExtensionWebhook {
  return { service, status: 'FAILURE', fileId, error }
}
