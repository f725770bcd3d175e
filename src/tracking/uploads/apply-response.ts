import type { KeyClaim, StoredResponse } from '../../domain/idempotency.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'
import type { Store } from '../../store/store.ts'
import type { WriteRetryQueue } from './write-retry-queue.ts'

export type ApplyResponseDeps = {
  store: Pick<Store, 'applyResponse'>
  writeRetries: WriteRetryQueue
  clock: () => number
  log: { warn(fields: object, text: string): void }
}

/**
 * Records ImageKit's response to a submission and, with a `claim`, the response to the caller for its `Idempotency-Key`. Never
 * rejects: a write that fails is queued for a retry, or logged and given up if a retry would not help (see `WriteRetryQueue`).
 */
export function applyResponse(
  { store, writeRetries, clock, log }: ApplyResponseDeps,
  facts: { submissionId: string; response: UploadResponse; claim?: KeyClaim & { response: StoredResponse } },
): Promise<void> {
  return writeRetries.apply(async () => {
    const { submissionId, response, claim } = facts
    const { result } = await store.applyResponse(submissionId, response, clock(), claim)
    if (result === 'conflict')
      log.warn(
        { event: 'response.conflicted', submissionId },
        "ImageKit's response conflicts with the recorded submission",
      )
  })
}
