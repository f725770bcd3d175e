import type { z } from 'zod'
import type { problemSchema } from '../contract/problems.ts'

type Problem = z.output<typeof problemSchema>

/** The tracker responded with an error. `message` is the `detail` of its problem, which says what was wrong and what to do. */
export class TrackerApiError extends Error {
  override readonly name = 'TrackerApiError'
  /** The problem code, such as `not_found`. `GET /problems/CODE` explains it. Undefined if something else than the tracker responded. */
  readonly code: string | undefined
  /** The HTTP status. */
  readonly status: number
  /** Identifies the request in the tracker's log; undefined if the response had none. */
  readonly requestId: string | undefined
  /** For an invalid request: what is wrong with which field. */
  readonly errors: NonNullable<Problem['errors']>
  /** When to try again, in milliseconds; undefined if the response does not say. */
  readonly retryAfterMs: number | undefined

  constructor(facts: {
    message: string
    code: string | undefined
    status: number
    requestId: string | undefined
    errors: NonNullable<Problem['errors']>
    retryAfterMs: number | undefined
  }) {
    super(facts.message)
    this.code = facts.code
    this.status = facts.status
    this.requestId = facts.requestId
    this.errors = facts.errors
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** There was no response, or it broke off. `cause` is the error of `fetch`. */
export class TrackerConnectionError extends Error {
  override readonly name = 'TrackerConnectionError'

  constructor(what: string, cause: unknown) {
    super(`${what}: ${reasonOf(cause)}`, { cause })
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

/** ImageKit rejected the upload of this submission, so it gets no status. */
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
