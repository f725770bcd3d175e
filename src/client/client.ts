import type { z } from 'zod'
import type { linkedAssetStatusSchema } from '../contract/asset.ts'
import type { listedRunSchema, runListSchema } from '../contract/run.ts'
import type { runFilterQuerySchema } from '../contract/run-filter.ts'
import type { registeredSubmissionSchema, registrationSchema } from '../contract/submission.ts'
import { type AssetStatus, getStatus, type Submission, segmentOf, waitFor } from './follow.ts'
import { type ClientOptions, createHttp } from './http.ts'
import { watch } from './watch.ts'

export {
  InvalidSignatureError,
  TrackerApiError,
  TrackerConnectionError,
  TrackerSubmissionError,
  TrackerTimeoutError,
} from './errors.ts'
export type { AssetStatus, Submission } from './follow.ts'
export type { ClientOptions } from './http.ts'
export { type TrackerNotification, verifyNotification } from './verify-notification.ts'

export type Registration = z.input<typeof registrationSchema>
export type RegisteredSubmission = z.output<typeof registeredSubmissionSchema>
export type LinkedAssetStatus = z.output<typeof linkedAssetStatusSchema>
export type ListedRun = z.output<typeof listedRunSchema>
export type RunList = z.output<typeof runListSchema>
type RunFilterQuery = z.input<typeof runFilterQuerySchema>
/** Null matches everything. Times are RFC 3339. */
export type RunFilter = Omit<RunFilterQuery, 'acknowledged' | 'contradicted'> & {
  acknowledged?: boolean | null | undefined
  contradicted?: true | null | undefined
  limit?: number | undefined
  /** The `nextCursor` of the page before. */
  cursor?: string | undefined
}

type Abortable = { signal?: AbortSignal | undefined }

/**
 * A client of the tracker. All methods reject with `TrackerApiError` if the tracker responds with an error, with
 * `TrackerConnectionError` without a response, and with the reason of `signal` as soon as it aborts. Times are in milliseconds.
 */
export type TrackerClient = {
  /**
   * The present status. `target` is a fileId or a `statusUrl`. A `statusUrl` whose address differs from `url`, because the tracker's
   * PUBLIC_URL does, is requested with its own token only. That of a submission is followed to that of its asset; as long as no file is
   * known, it rejects with `TrackerSubmissionError`.
   */
  status(target: string, options?: Abortable): Promise<AssetStatus>
  /**
   * Resolves with the status once nothing is pending. Waits at the tracker, so it resolves as soon as the last webhook is stored.
   * Rejects with `TrackerTimeoutError` after `timeout`, ten minutes by default. The `statusUrl` of a submission is followed to that
   * of its asset; if there is none, because ImageKit rejected the upload or no file became known before everything expired, it rejects
   * with `TrackerSubmissionError`.
   */
  waitFor(target: string, options?: Abortable & { timeout?: number | undefined }): Promise<AssetStatus>
  /** The present status, then each newer one, until nothing is pending. */
  watch(target: string, options?: Abortable): AsyncGenerator<AssetStatus, void>
  /** Registers an upload that you send to ImageKit yourself, with the returned `webhookUrl`. */
  register(registration: Registration, options?: Abortable): Promise<RegisteredSubmission>
  /** Reports ImageKit's response to such an upload, unchanged. A repetition changes nothing. */
  reportResponse(
    submissionId: string,
    response: object,
    options?: Abortable,
  ): Promise<LinkedAssetStatus | Submission>
  /**
   * Runs, the newest first: by default, the failed runs that nobody has acknowledged; with `acknowledged: null`, all failed runs. Needs
   * an admin key.
   */
  failures(filter?: RunFilter, options?: Abortable): Promise<RunList>
  /** Retries a run. Resolves with the new run. Needs an admin key. */
  retry(runId: string, options?: Abortable & { reason?: string | undefined }): Promise<ListedRun>
}

const DEFAULT_TIMEOUT_MS = 600_000

/** Throws `TypeError` if `url` or `key` is invalid. */
export function createClient(options: ClientOptions): TrackerClient {
  const http = createHttp(options)
  return {
    status: (target, { signal } = {}) => getStatus(http, target, signal),
    waitFor: (target, { signal, timeout = DEFAULT_TIMEOUT_MS } = {}) =>
      waitFor(http, target, { signal, timeout }),
    watch: (target, { signal } = {}) => watch(http, target, { signal }),
    register: (registration, { signal } = {}) =>
      http.json('/submissions', { method: 'POST', json: registration, signal }),
    reportResponse: async (submissionId, response, { signal } = {}) =>
      http.json(`/submissions/${segmentOf(submissionId)}/response`, {
        method: 'PUT',
        json: response,
        signal,
      }),
    failures: ({ status = 'failed', acknowledged = false, ...filter } = {}, { signal } = {}) =>
      http.json('/runs', { query: { status, acknowledged, ...filter }, signal }),
    retry: async (runId, { signal, reason } = {}) =>
      http.json(`/runs/${segmentOf(runId)}/retry`, {
        method: 'POST',
        json: reason === undefined ? {} : { reason },
        signal,
      }),
  }
}
