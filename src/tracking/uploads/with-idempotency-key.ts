import { createHash, randomUUID } from 'node:crypto'
import { TrackerError } from '../../domain/errors.ts'
import type { KeyClaim, StoredResponse } from '../../domain/idempotency.ts'
import type { Store } from '../../store/store.ts'
import type { RespondToCaller } from './exchange-outcome.ts'
import type { WriteRetryQueue } from './write-retry-queue.ts'

export type WithIdempotencyKeyDeps = {
  store: Pick<Store, 'claimIdempotencyKey' | 'releaseIdempotencyKey'>
  writeRetries: Pick<WriteRetryQueue, 'apply'>
  /** See `createClaimClock`. */
  claimClock: { now(): number }
  respondToCaller: RespondToCaller
}

/** The result of `send`: the response to the caller, and whether it is stored for the same key. */
export type Sent = { response: StoredResponse; isStored: boolean }

/**
 * Runs `send` at most once for an `Idempotency-Key` in 24 hours, and returns the stored response afterwards. `fingerprint`
 * reads a repeated request to its end; it must equal the first one. Without a key, `send` simply runs.
 */
export async function withIdempotencyKey(
  { store, writeRetries, claimClock, respondToCaller }: WithIdempotencyKeyDeps,
  request: {
    scope: string | null
    fingerprint: () => Promise<string>
    send: (claim: KeyClaim | null) => Promise<Sent>
  },
): Promise<StoredResponse> {
  const { scope, send } = request
  if (scope === null) return (await send(null)).response
  const own = { scope, nonce: randomUUID() }
  // Retried while the store is down: otherwise every later request with this key would get a 409.
  const release = () => writeRetries.apply(() => store.releaseIdempotencyKey(own))
  const claim = await store.claimIdempotencyKey(own, claimClock.now()).catch(async (error: unknown) => {
    if (error instanceof TrackerError && error.mayBeCommitted) await release()
    throw error
  })
  if (claim.kind === 'running')
    throw new TrackerError(
      'request_in_progress',
      'The first request with this Idempotency-Key is still in progress.',
    )
  if (claim.kind === 'claimed') {
    let sent: Sent | undefined
    try {
      sent = await send(own)
      return sent.response
    } finally {
      if (!sent?.isStored) await release()
    }
  }
  if ((await request.fingerprint()) !== claim.fingerprint)
    throw new TrackerError(
      'idempotency_key_reused',
      'The first request with this Idempotency-Key was different. Use a new key for a new request.',
    )
  if (claim.kind === 'responded') return claim.response
  const { submissionId } = claim
  return respondToCaller({ submissionId, kind: 'unconfirmed', reason: 'service_stopped' })
}

/** Requests share an idempotency key only if they have the same API key name, method and path. */
export function idempotencyScope(keyName: string, method: string, path: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([keyName, method, path, key]))
    .digest('base64url')
}
