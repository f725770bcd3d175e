import type { KeyClaim, StoredResponse } from '../domain/idempotency.ts'
import type { UploadResponse } from '../domain/upload-response.ts'
import type { Store } from '../store/store.ts'
import type { WriteRetryQueue } from './write-retry-queue.ts'

export type ApplyResponseDeps = {
  store: Pick<Store, 'applyResponse'>
  backlog: WriteRetryQueue
  clock: () => number
  log: { warn(fields: object, text: string): void }
}

/** Writes down what became of a submission of ours. Resolves even while the store is down: then it waits in the backlog. */
export function applyResponse(
  { store, backlog, clock, log }: ApplyResponseDeps,
  facts: { submissionId: string; answer: UploadResponse; key?: KeyClaim & { answer: StoredResponse } },
): Promise<void> {
  return backlog.apply(async () => {
    const { submissionId, answer, key } = facts
    const { result } = await store.applyResponse(submissionId, answer, clock(), key)
    if (result === 'conflict')
      log.warn({ submissionId }, 'an answer of ImageKit speaks against what is known already')
  })
}
