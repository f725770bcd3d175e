import { z } from 'zod'
import type { ErrorCode } from '../domain/errors.ts'

export type ProblemCode = ErrorCode | 'headers_too_large' | 'internal'

/** The HTTP status and the title of each problem code. `retryAfter`: the default `Retry-After`, in seconds. */
export const PROBLEMS = {
  invalid_input: { status: 400, title: 'Invalid request' },
  unauthenticated: { status: 401, title: 'A valid key or token is required' },
  forbidden: { status: 403, title: 'Forbidden' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  response_conflict: { status: 409, title: 'The response conflicts with what is already recorded' },
  request_in_progress: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still in progress',
    retryAfter: 1,
  },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key was used for another request' },
  unprocessable: { status: 422, title: 'The request cannot be processed' },
  run_pending: { status: 409, title: 'The run is still pending' },
  run_not_current: { status: 409, title: 'A newer run replaced this one' },
  asset_gone: { status: 410, title: 'The file no longer exists in ImageKit' },
  headers_too_large: { status: 431, title: 'The request head is too large' },
  payload_too_large: { status: 413, title: 'The request body is too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  request_timeout: { status: 408, title: 'The request did not arrive in time' },
  too_many_attempts: { status: 429, title: 'Too many attempts', retryAfter: 900 },
  client_closed: { status: 400, title: 'The request ended before it was complete' },
  imagekit_unreachable: { status: 502, title: 'The request to ImageKit failed, or got no clear response' },
  imagekit_timeout: { status: 504, title: 'ImageKit did not respond in time' },
  imagekit_rate_limited: { status: 503, title: "ImageKit's rate limit is exceeded", retryAfter: 60 },
  store_unavailable: { status: 503, title: 'The database is unavailable', retryAfter: 5 },
  overloaded: { status: 503, title: 'The tracker is overloaded', retryAfter: 1 },
  unknown_submission: { status: 503, title: 'The submission is not in this database', retryAfter: 60 },
  backup_unsupported: { status: 501, title: 'The tracker cannot back up this database' },
  internal: { status: 500, title: 'Internal error' },
} as const satisfies Record<ProblemCode, { status: number; title: string; retryAfter?: number }>

export type Problem = {
  status: (typeof PROBLEMS)[ProblemCode]['status']
  title: string
  retryAfter?: number
}

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code)
}

/** RFC 9457, `application/problem+json`. */
export const problemSchema = z.object({
  /** `PUBLIC_URL/problems/CODE`. */
  type: z.url(),
  code: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  requestId: z.string(),
  /** For an invalid request: what is wrong with which field. */
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

/** An error of the routes that ImageKit's clients use, in the shape of ImageKit's errors. */
export const imagekitErrorSchema = z.object({ message: z.string(), help: z.string() })

export const problemDescriptionSchema = z.object({ code: z.string(), status: z.int(), title: z.string() })
