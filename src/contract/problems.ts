import { z } from 'zod'
import type { ErrorCode } from '../domain/errors.ts'

export type ProblemCode = ErrorCode | 'headers_too_large' | 'internal'

/** The HTTP status and the title of each problem code, and what to do about it. `retryAfter`: the default `Retry-After`, in seconds. */
export const PROBLEMS = {
  invalid_input: {
    status: 400,
    title: 'Invalid request',
    help: '`errors` names each invalid field, and says what is wrong with it. Correct the request; sending it again unchanged fails again.',
  },
  unauthenticated: {
    status: 401,
    title: 'A valid key or token is required',
    help: 'Send one of the keys in TRACKER_API_KEY or TRACKER_ADMIN_KEY as `Authorization: Bearer KEY`, or as the user name of Basic. A statusUrl must be used exactly as it was returned. A webhook needs the token or the signature that its URL or ImageKit gave it.',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    help: 'The key is valid, but this route needs an admin key (TRACKER_ADMIN_KEY). A service without keys accepts requests from its own machine only.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    help: 'Nothing has this address or id. The id may be of another kind, the asset may have been forgotten, or its data may have been deleted because of RETENTION_RUNS.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    help: 'The path exists, but not with this method. The header `Allow` lists the methods that it accepts.',
  },
  response_conflict: {
    status: 409,
    title: 'The response conflicts with what is already recorded',
    help: 'Another response, or one about another file, is already recorded for this submission. It stays. Report each response to the submission with whose webhookUrl its file was uploaded.',
  },
  request_in_progress: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still in progress',
    retryAfter: 1,
    help: 'The first request with this Idempotency-Key has no response yet. Wait as long as `Retry-After` says, and send the same request again: it gets the response of the first one.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used for another request',
    help: 'This Idempotency-Key was used for a request with other content within the last 24 hours. Use a new key for each upload, and the same key only to repeat it.',
  },
  unprocessable: {
    status: 422,
    title: 'The request cannot be processed',
    help: 'The request is valid, but what it asks for is not possible with this object; `detail` says why.',
  },
  run_pending: {
    status: 409,
    title: 'The run is still pending',
    help: 'The run has no final status yet. Wait until its webhook arrives or it expires; `GET /assets/FILE_ID/status?wait=60` waits for that.',
  },
  run_not_current: {
    status: 409,
    title: 'A newer run replaced this one',
    help: 'A newer run of the same asset and extension exists. Retry the newer one; `GET /runs/RUN_ID` names it as `currentRunId`.',
  },
  asset_gone: {
    status: 410,
    title: 'The file no longer exists in ImageKit',
    help: 'ImageKit has no file with this id any more, so nothing can be requested for it.',
  },
  headers_too_large: {
    status: 431,
    title: 'The request head is too large',
    help: 'The request line and the headers together, or the number of headers, exceed the limit. Send fewer or shorter headers.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request body is too large',
    help: 'Bodies are limited to 1 MiB, and uploads to MAX_UPLOAD_BYTES (2 GiB by default). Nothing was uploaded.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    help: "Send the body as `Content-Type: application/json`. A service without keys requires this, because another site's page could send other types.",
  },
  request_timeout: {
    status: 408,
    title: 'The request did not arrive in time',
    help: 'The body arrived too slowly or stopped arriving. Nothing was done; send the request again.',
  },
  too_many_attempts: {
    status: 429,
    title: 'Too many attempts',
    retryAfter: 900,
    help: 'Too many sign-ins failed, from this address or with this key. Wait as long as `Retry-After` says.',
  },
  client_closed: {
    status: 400,
    title: 'The request ended before it was complete',
    help: 'The connection was closed before the request was complete. Nothing was done.',
  },
  imagekit_unreachable: {
    status: 502,
    title: 'The request to ImageKit failed, or got no clear response',
    help: 'The connection to ImageKit failed. With `x-should-retry: false`, ImageKit may have received the request: look at the submission in `X-Submission-Id` before you send it again. Otherwise nothing was uploaded.',
  },
  imagekit_timeout: {
    status: 504,
    title: 'ImageKit did not respond in time',
    help: 'ImageKit did not respond in time, and may have received the request. Look at the submission in `X-Submission-Id` before you send it again: a webhook may still settle it.',
  },
  imagekit_rate_limited: {
    status: 503,
    title: "ImageKit's rate limit is exceeded",
    retryAfter: 60,
    help: 'ImageKit accepts no further requests with this private key for a while. Wait as long as `Retry-After` says.',
  },
  store_unavailable: {
    status: 503,
    title: 'The database is unavailable',
    retryAfter: 5,
    help: 'The database cannot be written or read at the moment, so nothing was recorded. Wait as long as `Retry-After` says. `GET /readyz` and the command `doctor` say what is wrong.',
  },
  overloaded: {
    status: 503,
    title: 'The tracker is overloaded',
    retryAfter: 1,
    help: 'The service processes as many requests as it can. Wait as long as `Retry-After` says, and send the request again.',
  },
  unknown_submission: {
    status: 503,
    title: 'The submission is not in this database',
    retryAfter: 60,
    help: 'The token of this webhook is valid, but its submission is not in the database. The service may use the wrong database, such as an old backup. The delivery is stored and can be replayed, and ImageKit sends it again for 24 hours.',
  },
  backup_unsupported: {
    status: 501,
    title: 'The tracker cannot back up this database',
    help: "`POST /backup` copies a SQLite file. Back up a PostgreSQL database with pg_dump or your provider's backups.",
  },
  internal: {
    status: 500,
    title: 'Internal error',
    help: 'A fault of the service. Its log has the error under the `requestId` of the response.',
  },
} as const satisfies Record<ProblemCode, { status: number; title: string; help: string; retryAfter?: number }>

export type Problem = {
  status: (typeof PROBLEMS)[ProblemCode]['status']
  title: string
  retryAfter?: number
}

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code)
}

export const problemSchema = z
  .object({
    type: z.url().describe('`PUBLIC_URL/problems/CODE`.'),
    code: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    requestId: z.string(),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe('For an invalid request: what is wrong with which field.'),
  })
  .meta({
    id: 'Problem',
    examples: [
      {
        type: 'https://tracker.example.com/problems/invalid_input',
        code: 'invalid_input',
        title: 'Invalid request',
        status: 400,
        detail: 'The request is not valid.',
        requestId: '0b8a9c1e-5a51-4a0f-9d0b-9a8f1f6c2d3e',
        errors: [{ field: 'extensions', message: 'is empty' }],
      },
    ],
    description: 'RFC 9457, `application/problem+json`.',
  })

export const imagekitErrorSchema = z.looseObject({ message: z.string(), help: z.string().optional() }).meta({
  id: 'ImagekitError',
  description: "An error of the routes that ImageKit's clients use, in the shape of ImageKit's errors.",
})

export const problemDescriptionSchema = z
  .object({
    code: z.string(),
    status: z.int(),
    title: z.string(),
    help: z.string().describe('What to do about it.'),
  })
  .meta({ id: 'ProblemDescription' })
