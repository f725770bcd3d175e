import type { StoredResponse } from '../../domain/idempotency.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'

/**
 * How a request to ImageKit ended. `responded`: with ImageKit's response, as it is passed on to the caller (`status`, `headers`,
 * `body`) and parsed (`response`). `broken`: without a complete response. `wasComplete`: whether ImageKit may have received the
 * whole request.
 */
export type Exchange =
  | {
      kind: 'responded'
      wasComplete: boolean
      status: number
      headers: { [name: string]: string }
      body: string
      response: UploadResponse
      /** The status is 404. For an update: ImageKit has no such file. */
      isFileGone: boolean
      /** How long ImageKit's rate limit allows no further requests, in milliseconds; null if it was not exceeded. */
      retryAfterMs: number | null
    }
  | { kind: 'broken'; wasComplete: boolean; timedOut: boolean; cause: unknown }

/** How a submission ended, as its caller sees it, if ImageKit may have received the whole request. */
export type CallerOutcome = { submissionId: string } & (
  | Extract<Exchange, { kind: 'responded' }>
  | { kind: 'unconfirmed'; reason: 'timed_out' | 'connection_broken' | 'service_stopped' }
)

/** Builds the response to the caller. It is stored if the caller sent an `Idempotency-Key`. */
export type BuildCallerResponse = (outcome: CallerOutcome) => StoredResponse

export function callerOutcome(submissionId: string, exchange: Exchange): CallerOutcome {
  if (exchange.kind === 'responded') return { submissionId, ...exchange }
  return { submissionId, kind: 'unconfirmed', reason: exchange.timedOut ? 'timed_out' : 'connection_broken' }
}

/** The response to record for a submission, if ImageKit may have received the whole request. */
export function submissionResponse(exchange: Exchange): UploadResponse {
  if (exchange.kind === 'responded') return exchange.response
  const error = exchange.timedOut
    ? { code: 'imagekit_timeout', message: 'ImageKit did not respond in time.', status: null }
    : {
        code: 'imagekit_unreachable',
        message: 'ImageKit sent no complete response.',
        status: null,
      }
  return { kind: 'unconfirmed', requestId: null, error }
}
