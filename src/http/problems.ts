import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ErrorCode } from '../domain/errors.ts'

export type ProblemCode = ErrorCode | 'headers_too_large' | 'internal'

/** `retryAfter` is in seconds. */
export type Problem = { status: ContentfulStatusCode; title: string; retryAfter?: number }

/** The one map from what can go wrong to HTTP. */
export const PROBLEMS = {
  invalid_input: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'A valid key or token is needed' },
  forbidden: { status: 403, title: 'This request is not allowed here' },
  not_found: { status: 404, title: 'Nothing is known under this address' },
  method_not_allowed: { status: 405, title: 'This address does not take this method' },
  response_conflict: { status: 409, title: 'The submission already has another answer' },
  request_in_progress: {
    status: 409,
    title: 'The first request with this Idempotency-Key is under way',
    retryAfter: 1,
  },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key was used for another request' },
  unprocessable: { status: 422, title: 'This cannot be done with it' },
  run_pending: { status: 409, title: 'The run has not ended yet' },
  run_not_current: { status: 409, title: 'A newer run has taken the place of this one' },
  asset_gone: { status: 410, title: 'ImageKit has no such file any more' },
  headers_too_large: { status: 431, title: 'The head of the request is too large' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The body is of a type that this address does not take' },
  request_timeout: { status: 408, title: 'The request did not come in time' },
  too_many_attempts: { status: 429, title: 'Too many attempts', retryAfter: 900 },
  client_closed: { status: 400, title: 'The request ended before it was complete' },
  imagekit_unreachable: { status: 502, title: 'ImageKit could not be reached' },
  imagekit_timeout: { status: 504, title: 'ImageKit did not answer in time' },
  imagekit_rate_limited: { status: 503, title: "ImageKit's rate limit is reached", retryAfter: 60 },
  store_unavailable: { status: 503, title: 'The store cannot write', retryAfter: 5 },
  overloaded: { status: 503, title: 'Too much is under way', retryAfter: 1 },
  unknown_submission: { status: 503, title: 'The submission is not in this database', retryAfter: 60 },
  backup_unsupported: { status: 501, title: 'The tracker makes no backup of this database' },
  internal: { status: 500, title: 'Something went wrong here' },
} as const satisfies Record<ProblemCode, Problem>

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code)
}
