/** Every way in which the tracker refuses or fails; `http/` maps each to a status and does not compile without it. */
export type ErrorCode =
  | 'invalid_input'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'response_conflict'
  | 'request_in_progress'
  | 'idempotency_key_reused'
  | 'unprocessable'
  | 'run_pending'
  | 'run_not_current'
  | 'asset_gone'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'client_closed'
  | 'too_many_attempts'
  | 'request_timeout'
  | 'imagekit_unreachable'
  | 'imagekit_timeout'
  | 'imagekit_rate_limited'
  | 'store_unavailable'
  | 'overloaded'
  | 'unknown_submission'
  | 'backup_unsupported'

export type FieldError = { field: string; message: string }

/** `message` is written for the caller: what was wrong and what to do. It never holds a key, a token or a body. */
export class TrackerError extends Error {
  readonly code: ErrorCode
  readonly fields: readonly FieldError[]
  /** When to try again, if it is known better than by the code alone. */
  readonly retryAfterSeconds: number | undefined
  /** The connection broke during the commit, so what failed may be on disk nevertheless. */
  readonly mayBeCommitted: boolean

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      cause?: unknown
      fields?: FieldError[]
      retryAfterSeconds?: number
      mayBeCommitted?: boolean
    } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'TrackerError'
    this.code = code
    this.fields = options.fields ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
    this.mayBeCommitted = options.mayBeCommitted ?? false
  }
}
