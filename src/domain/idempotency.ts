/** A caller's answer as it is given again for the same `Idempotency-Key`. */
export type StoredResponse = {
  status: number
  headers: { [name: string]: string }
  body: string
  /** The asset whose status it links to. The link opens it, so it is made anew each time and not stored. */
  fileId?: string
}

/**
 * An idempotency key as one request has claimed it. The nonce is random and belongs to that request: only its holder may record
 * anything under the key.
 */
export type KeyClaim = { scope: string; nonce: string }

/**
 * What is known of an idempotency key when a request claims it.
 * `claimed`: it is this request's now. `running`: another request has it. `abandoned`: the process that had it died after
 * its submission was committed, so that ImageKit may have the file.
 */
export type IdempotencyClaim =
  | { kind: 'claimed' }
  | { kind: 'running' }
  | { kind: 'abandoned'; fingerprint: string; submissionId: string }
  | { kind: 'answered'; fingerprint: string; answer: StoredResponse }

export const IDEMPOTENCY_WINDOW_MS = 24 * 60 * 60 * 1000
