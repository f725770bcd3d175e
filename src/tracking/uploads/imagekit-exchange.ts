import type { UploadResponse } from '../../domain/upload-response.ts'

/**
 * How a request to ImageKit ended. `responded`: ImageKit's response, both as it is passed on and as `response`, parsed.
 * `broken`: no response; `wasComplete` says whether ImageKit may have received the whole request.
 */
export type Exchange =
  | {
      kind: 'responded'
      wasComplete: boolean
      status: number
      headers: { [name: string]: string }
      body: string
      response: UploadResponse
      /** How long ImageKit accepts no further requests, in milliseconds; null without a rate limit. */
      retryAfterMs: number | null
    }
  | { kind: 'broken'; wasComplete: boolean; timedOut: boolean; cause: unknown }
