import type { z } from 'zod'
import type { assetStatusSchema } from '../contract/asset.ts'
import type { submissionSchema } from '../contract/submission.ts'
import {
  TrackerApiError,
  TrackerConnectionError,
  TrackerSubmissionError,
  TrackerTimeoutError,
} from './errors.ts'
import { type Http, isUrl, NOT_FROM_TRACKER, readJson } from './http.ts'
import { PAUSE_MS, pause, repeat } from './repeat.ts'
import { createTimeLimit } from './time-limit.ts'

export type AssetStatus = z.output<typeof assetStatusSchema>
export type Submission = z.output<typeof submissionSchema>

/** The longest time for which one request asks the tracker to wait, in seconds. Many proxies end a request after a minute. */
const WAIT_SECONDS = 30

/** How much later a response may come, in seconds. A connection whose other end is gone reports no error. */
const MAX_DELAY_SECONDS = 30

/** After more responses in a row that did not wait, each further request follows after a pause: something answers in place of the tracker. */
const MAX_QUICK_RESPONSES = 10

/**
 * The present status of an asset, then each newer one, until nothing is pending. `target` is a fileId or a `statusUrl`. Uses long
 * polling: each request waits at the tracker until the status changes. Failed requests are repeated for about a minute; with
 * `failsFast`, the first one is not. Rejects with `TrackerTimeoutError` after `timeout` milliseconds, by default never. `etag` is that
 * of a status of the asset that the caller already has.
 */
export async function* poll(
  http: Http,
  target: string,
  options: {
    signal?: AbortSignal | undefined
    timeout?: number | undefined
    etag?: string | undefined
    failsFast?: boolean
  } = {},
): AsyncGenerator<AssetStatus, void> {
  const { timeout = Number.POSITIVE_INFINITY, failsFast = false } = options
  let failure: unknown = new TrackerConnectionError('The tracker did not respond.')
  const limit = createTimeLimit(options.signal, () => new TrackerTimeoutError(timeout, failure))
  const { signal } = limit
  let path = pathOf(target)
  let { etag } = options
  let isFirst = true
  let quickResponses = 0
  // The first request returns at once, so that a wrong id or key is reported at once.
  let wait = etag === undefined ? 0 : WAIT_SECONDS
  const onFailure = (error: unknown) => {
    failure = error
  }
  const send = () => sendWaiting(http, path, { etag, wait, signal })
  try {
    limit.start(timeout)
    for (;;) {
      const sentAt = performance.now()
      const response = failsFast && isFirst ? await send() : await repeat(send, { signal, onFailure })
      const isQuick = performance.now() - sentAt < PAUSE_MS
      quickResponses = isQuick ? quickResponses + 1 : 0
      isFirst = false
      failure = undefined
      wait = WAIT_SECONDS
      const { body } = response
      if (body !== undefined) {
        etag = response.etag
        if (!('submissionId' in body)) {
          yield body
          if (body.status !== 'pending') return
        } else if (findAssetUrl(body) !== undefined) {
          path = body.statusUrl
          etag = options.etag
          if (etag === undefined) wait = 0
        }
      }
      // A tracker that is stopping responds at once that nothing has changed.
      const isUnchanged = body === undefined && isQuick
      if (isUnchanged || quickResponses > MAX_QUICK_RESPONSES) await pause(PAUSE_MS, signal)
    }
  } finally {
    limit.end()
  }
}

/** One request, which waits at the tracker for `wait` seconds. `body` is undefined if the status is still that of `etag`. */
async function sendWaiting(
  http: Http,
  path: string,
  { etag, wait, signal }: { etag: string | undefined; wait: number; signal: AbortSignal },
) {
  const seconds = wait + MAX_DELAY_SECONDS
  const limit = createTimeLimit(
    signal,
    () => new TrackerConnectionError(`The response did not come within ${seconds} s.`),
  )
  limit.start(seconds * 1000)
  try {
    const headers: { [name: string]: string } = etag === undefined ? {} : { 'if-none-match': etag }
    const request = { query: { wait: String(wait) }, headers, signal: limit.signal }
    const response = await http.send(path, request)
    const body = response.status === 304 ? undefined : await readStatus(response, limit.signal)
    return { body, etag: response.headers.get('etag') ?? undefined }
  } finally {
    limit.end()
  }
}

/** The present status of an asset. `target` is a fileId or a `statusUrl`; that of a submission is followed to that of its asset. */
export async function getStatus(
  http: Http,
  target: string,
  signal: AbortSignal | undefined,
): Promise<AssetStatus> {
  const response = await http.send(pathOf(target), { signal })
  const body = await readStatus(response, signal)
  if (!('submissionId' in body)) return body
  const url = findAssetUrl(body)
  if (url === undefined) throw new TrackerSubmissionError(body.submissionId, 'No file is known yet.')
  return http.json(url, { signal })
}

/** Without this check, any other server's JSON would be a final status. */
async function readStatus(
  response: Response,
  signal: AbortSignal | undefined,
): Promise<AssetStatus | Submission> {
  const body = await readJson<Partial<AssetStatus & Submission>>(response, signal)
  const { status, fileId, submissionId, state, extensions } = body
  const isStatus =
    submissionId === undefined
      ? typeof status === 'string' && typeof fileId === 'string'
      : typeof state === 'string' && Array.isArray(extensions)
  if (!isStatus) throw new TrackerApiError(response, {}, NOT_FROM_TRACKER)
  return body as AssetStatus | Submission
}

/** Where the status of a submission's asset is; undefined as long as no file is known. Throws if none will become known. */
function findAssetUrl({
  submissionId,
  state,
  fileId,
  statusUrl,
  extensions,
  error,
}: Submission): string | undefined {
  if (state === 'rejected')
    throw new TrackerSubmissionError(submissionId, error?.message ?? 'ImageKit rejected the upload.')
  if (fileId !== null) return statusUrl
  const isPending =
    extensions.length === 0 ? state === 'submitting' : extensions.some(({ status }) => status === 'pending')
  if (isPending) return undefined
  throw new TrackerSubmissionError(submissionId, 'Nothing is pending any more, and no file is known.')
}

/** Resolves with the final status. Rejects with `TrackerTimeoutError` after `timeout` milliseconds. */
export async function waitFor(
  http: Http,
  target: string,
  options: { signal?: AbortSignal | undefined; timeout: number },
): Promise<AssetStatus> {
  for await (const status of poll(http, target, options)) if (status.status !== 'pending') return status
  throw new Error('The statuses ended without a final one.')
}

/** The path of a fileId; a `statusUrl` as it is. */
export function pathOf(target: string): string {
  return isUrl(target) ? target : `/assets/${segmentOf(target)}/status`
}

/** An id as a segment of a path. Throws `TypeError` for one that would change the path. */
export function segmentOf(id: string): string {
  if (id === '' || id === '.' || id === '..') throw new TypeError(`${JSON.stringify(id)} is not an id.`)
  return encodeURIComponent(id)
}
