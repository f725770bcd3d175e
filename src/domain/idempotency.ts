/** A response to a caller, stored to be repeated for the same `Idempotency-Key`. */
export type StoredResponse = {
  status: number
  headers: { [name: string]: string }
  body: string
  /** The asset whose status it links to. The link contains a token, so it is rebuilt each time and not stored. */
  fileId?: string
}

/**
 * One request's claim of an idempotency key. `scope` is a hash of the key with the caller and the route; see `idempotencyScope`.
 * The nonce is random and belongs to that request: only this request may record anything under the key.
 */
export type KeyClaim = { scope: string; nonce: string }

/**
 * The result of claiming an idempotency key. `claimed`: this request has it now. `running`: another request has it.
 * `abandoned`: its process died after its submission was committed, so ImageKit may have the file. `responded`: a
 * response is stored.
 */
export type ClaimResult =
  | { kind: 'claimed' }
  | { kind: 'running' }
  | { kind: 'abandoned'; fingerprint: string; submissionId: string }
  | { kind: 'responded'; fingerprint: string; response: StoredResponse }

export const IDEMPOTENCY_WINDOW_MS = 24 * 60 * 60 * 1000
