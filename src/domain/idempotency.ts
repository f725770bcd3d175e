/** A response to a caller; with an `Idempotency-Key`, it is stored, and repeated for the same key. */
export type StoredResponse = {
  status: number
  headers: { [name: string]: string }
  body: string
  /** The asset whose status the response links to. The link contains a token, so it is built each time, not stored. */
  fileId?: string
}

/**
 * One request's claim of an idempotency key. Only the request with this nonce may record anything under the key.
 */
export type KeyClaim = {
  /** A hash of the idempotency key with the caller, the method and the path: see `idempotencyScope`. */
  scope: string
  /** Random, and different for each request. */
  nonce: string
}

/** The result of claiming an idempotency key. `fingerprint`: a hash of the content of the request that has or had the key. */
export type ClaimResult =
  /** This request has the key now. */
  | { kind: 'claimed' }
  /** Another request has it. */
  | { kind: 'running' }
  /** The process of the request that has it died after committing the submission, so ImageKit may have received the request. */
  | { kind: 'abandoned'; fingerprint: string; submissionId: string }
  /** The request that had it has ended, and its response is stored. */
  | { kind: 'responded'; fingerprint: string; response: StoredResponse }

/** How long a claim lasts; longer if its request is still running then. */
export const IDEMPOTENCY_WINDOW_MS = 24 * 60 * 60 * 1000
