import { createHash, randomUUID } from 'node:crypto'
import { TrackerError } from '../domain/errors.ts'
import type { KeyClaim, StoredResponse } from '../domain/idempotency.ts'
import type { Store } from '../store/store.ts'
import { linkedAnswer, unconfirmedAnswer } from './caller-answer.ts'
import type { Links } from './links.ts'
import type { WriteRetryQueue } from './write-retry-queue.ts'

type SendOnceDeps = {
  store: Pick<Store, 'claimIdempotencyKey' | 'releaseIdempotencyKey'>
  backlog: Pick<WriteRetryQueue, 'apply'>
  links: Links
  /** See `createClaimClock`. */
  claimClock: { now(): number }
  errorBody: (message: string) => object
}

/** What `send` gives: the caller's answer, and whether the same key gets it again. */
export type Sent = { answer: StoredResponse; isKept: boolean }

/**
 * Runs `send` at most once for an `Idempotency-Key` in 24 hours, and gives its answer again afterwards. `fingerprint` reads
 * a repeated request to its end; it has to be the same as the first. Without a key `send` simply runs.
 */
export async function withIdempotencyKey(deps: SendOnceDeps, request: OnceRequest): Promise<StoredResponse> {
  return linkedAnswer(deps, await answerOnce(deps, request))
}

type OnceRequest = {
  scope: string | null
  fingerprint: () => Promise<string>
  send: (claim: KeyClaim | null) => Promise<Sent>
}

async function answerOnce(
  { store, backlog, claimClock, errorBody }: SendOnceDeps,
  request: OnceRequest,
): Promise<StoredResponse> {
  const { scope, send } = request
  if (scope === null) return (await send(null)).answer
  const own = { scope, nonce: randomUUID() }
  // Were it lost while the store is down, the key would be under way for ever.
  const release = () => backlog.apply(() => store.releaseIdempotencyKey(own))
  const claim = await store.claimIdempotencyKey(own, claimClock.now()).catch(async (error: unknown) => {
    if (error instanceof TrackerError && error.mayBeCommitted) await release()
    throw error
  })
  if (claim.kind === 'running')
    throw new TrackerError(
      'request_in_progress',
      'The first request with this Idempotency-Key has not been answered yet.',
    )
  if (claim.kind === 'claimed') {
    let sent: Sent | undefined
    try {
      sent = await send(own)
      return sent.answer
    } finally {
      if (!sent?.isKept) await release()
    }
  }
  if ((await request.fingerprint()) !== claim.fingerprint)
    throw new TrackerError(
      'idempotency_key_reused',
      'The first request with this Idempotency-Key was another one. Use a new key for a new request.',
    )
  if (claim.kind === 'answered') return claim.answer
  const message = 'The service stopped while this request was under way; it may have reached ImageKit.'
  return unconfirmedAnswer({ errorBody }, claim.submissionId, 502, message)
}

/** Two requests share a key only if the same key name asked for the same method and path. */
export function idempotencyScope(keyName: string, method: string, path: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([keyName, method, path, key]))
    .digest('base64url')
}
