import type { z } from 'zod'
import type { problemSchema } from '../contract/problems.ts'

type FieldErrors = NonNullable<z.output<typeof problemSchema>['errors']>

/** What an error response says about itself: a problem of the tracker, or an error in ImageKit's format. */
export type Explanation = {
  code?: string | undefined
  detail?: string | undefined
  help?: string | undefined
  errors?: FieldErrors
}

/**
 * The tracker responded with an error, or another server responded in its place, such as a proxy. `message` says what was wrong and what
 * to do: it consists of `detail` and `errors`.
 */
export class TrackerApiError extends Error {
  override readonly name = 'TrackerApiError'
  /** The HTTP status. */
  readonly status: number
  readonly headers: Headers
  /** The problem code, such as `not_found`. `GET /problems/CODE` explains it. */
  readonly code: string | undefined
  /** What was wrong; undefined if the response does not say it. */
  readonly detail: string | undefined
  /** What to do about it, in an error of ImageKit. */
  readonly help: string | undefined
  /** For an invalid request: what is wrong with which field. */
  readonly errors: FieldErrors
  /** Identifies the request in the tracker's log; undefined if the response had none. */
  readonly requestId: string | undefined
  /** When to try again, in milliseconds; undefined if the response does not say. */
  readonly retryAfterMs: number | undefined

  constructor(
    { status, headers }: Pick<Response, 'status' | 'headers'>,
    { code, detail, help, errors = [] }: Explanation,
    message = `The tracker responded with ${status}.`,
  ) {
    const fields = errors.map((error) => `${error.field}: ${error.message}`).join('; ')
    super([detail ?? message, fields].filter((part) => part !== '').join(' '))
    this.status = status
    this.headers = headers
    this.code = code
    this.detail = detail
    this.help = help
    this.errors = errors
    this.requestId = headers.get('x-request-id') ?? undefined
    const retryAfter = Number(headers.get('retry-after') ?? Number.NaN)
    this.retryAfterMs = Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter * 1000 : undefined
  }
}

/** There was no response, or it broke off. `cause` is the error of `fetch`. */
export class TrackerConnectionError extends Error {
  override readonly name = 'TrackerConnectionError'

  constructor(message: string, cause?: unknown) {
    super(cause === undefined ? message : `${message}: ${reasonOf(cause)}`, { cause })
  }
}

/** The message of Node's `fetch` is only "fetch failed"; the reason is in its `cause`, in some errors only as its `code`. */
function reasonOf(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  if (!(cause instanceof Error)) return message
  return cause.message || ('code' in cause ? String(cause.code) : message)
}

/**
 * Nothing was final within the time that `waitFor` was given. The extensions may still finish later. `cause` is the failure of the
 * last request; undefined if that succeeded.
 */
export class TrackerTimeoutError extends Error {
  override readonly name = 'TrackerTimeoutError'
  readonly timeoutMs: number

  constructor(timeoutMs: number, cause?: unknown) {
    super(`No final status within ${timeoutMs} ms.`, { cause })
    this.timeoutMs = timeoutMs
  }
}

/** The submission has no file, so it has no status: ImageKit rejected the upload, or no response or webhook says which file it is. */
export class TrackerSubmissionError extends Error {
  override readonly name = 'TrackerSubmissionError'
  readonly submissionId: string

  constructor(submissionId: string, message: string) {
    super(message)
    this.submissionId = submissionId
  }
}

/** The signature of a notification is missing, wrong or too old. */
export class InvalidSignatureError extends Error {
  override readonly name = 'InvalidSignatureError'
}
