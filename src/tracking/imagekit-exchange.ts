import type { UploadResponse } from '../domain/upload-response.ts'

/**
 * How a request to ImageKit ended. `answered`: its answer, as it is passed on and as it is understood.
 * `broken`: no answer; `wasComplete` says whether ImageKit may have had the whole request by then.
 */
export type Exchange =
  | {
      kind: 'answered'
      wasComplete: boolean
      status: number
      headers: { [name: string]: string }
      body: string
      answer: UploadResponse
      /** How long ImageKit wants to be left alone, in milliseconds; null where it does not. */
      holdMs: number | null
    }
  | { kind: 'broken'; wasComplete: boolean; timedOut: boolean; cause: unknown }
