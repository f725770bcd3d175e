/** The codes of `TrackerError`. `PROBLEMS` gives each one an HTTP status; a missing entry is a compile error. */
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

/** `message` is written for the caller: what was wrong and what to do. It never contains a key, a token or a body. */
export class TrackerError extends Error {
  readonly code: ErrorCode
  readonly fields: readonly FieldError[]
  /** When to try again, if that differs from the default of the code. */
  readonly retryAfterSeconds: number | undefined
  /** The connection broke during the commit, so the failed step may be on disk. */
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

/**
 * The command can't run with this database, and waiting does not help, so the command exits with 2. Not a `TrackerError`, because
 * no request ever gets it.
 */
export class DatabaseStartError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'DatabaseStartError'
  }
}

export function storeUnavailable(cause: unknown, { mayBeCommitted = false } = {}): TrackerError {
  const message = 'The database cannot be used at the moment. Try again later.'
  return new TrackerError('store_unavailable', message, { cause, mayBeCommitted })
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
