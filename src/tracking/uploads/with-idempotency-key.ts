import { createHash, randomUUID } from 'node:crypto'
import { TrackerError } from '../../domain/errors.ts'
import type { KeyClaim, StoredResponse } from '../../domain/idempotency.ts'
import type { Store } from '../../store/store.ts'
import type { BuildCallerResponse } from './exchange-outcome.ts'
import type { WriteRetryQueue } from './write-retry-queue.ts'

export type WithIdempotencyKeyDeps = {
  store: Pick<Store, 'claimIdempotencyKey' | 'releaseIdempotencyKey'>
  writeRetries: Pick<WriteRetryQueue, 'apply'>
  /** See `createIdempotencyClock`. */
  idempotencyClock: { now(): number }
  buildCallerResponse: BuildCallerResponse
}

/**
 * The result of `send`: the response to the caller. `isStored`: with an `Idempotency-Key`, whether it is stored, or queued to be
 * stored, for that key.
 */
export type SendResult = { response: StoredResponse; isStored: boolean }

/**
 * Runs `send` for the first request with an `Idempotency-Key`. That request claims the key for 24 hours; later requests get its
 * stored response, or an `unconfirmed` outcome if its process died after it had committed the submission. While the first request is
 * in progress, they get `request_in_progress`. If `send` throws or its response is not stored, the key is released, and the next
 * request runs `send` again. `fingerprint` reads a repeated request to its end; its result must equal the fingerprint of the first
 * request. Without a key, `send` simply runs.
 */
export async function withIdempotencyKey(
  { store, writeRetries, idempotencyClock, buildCallerResponse }: WithIdempotencyKeyDeps,
  request: {
    /** See `idempotencyScope`; null without a key. */
    scope: string | null
    fingerprint: () => Promise<string>
    send: (claim: KeyClaim | null) => Promise<SendResult>
  },
): Promise<StoredResponse> {
  const { scope, send } = request
  if (scope === null) return (await send(null)).response
  const claim = { scope, nonce: randomUUID() }
  // Retried while the store is unavailable: otherwise every later request with this key would get a 409.
  const release = () => writeRetries.apply(() => store.releaseIdempotencyKey(claim))
  const claimResult = await store
    .claimIdempotencyKey(claim, idempotencyClock.now())
    .catch(async (error: unknown) => {
      if (error instanceof TrackerError && error.mayBeCommitted) await release()
      throw error
    })
  if (claimResult.kind === 'running')
    throw new TrackerError(
      'request_in_progress',
      'The first request with this Idempotency-Key is still in progress.',
    )
  if (claimResult.kind === 'claimed') {
    let result: SendResult | undefined
    try {
      result = await send(claim)
      return result.response
    } finally {
      if (!result?.isStored) await release()
    }
  }
  if ((await request.fingerprint()) !== claimResult.fingerprint)
    throw new TrackerError(
      'idempotency_key_reused',
      'The first request with this Idempotency-Key was different. Use a new key for a new request.',
    )
  if (claimResult.kind === 'responded') return claimResult.response
  const { submissionId } = claimResult
  return buildCallerResponse({ submissionId, kind: 'unconfirmed', reason: 'service_stopped' })
}

/** Identifies an idempotency key. Requests share it only if they also have the same API key name, method and path. */
export function idempotencyScope(keyName: string, method: string, path: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([keyName, method, path, key]))
    .digest('base64url')
}
