import type { z } from 'zod'
import type { assetStatusSchema } from '../contract/asset.ts'
import type { submissionSchema } from '../contract/submission.ts'
import { TrackerConnectionError, TrackerSubmissionError, TrackerTimeoutError } from './errors.ts'
import { type Http, isUrl, readJson } from './http.ts'
import { PAUSE_MS, pause, repeat } from './repeat.ts'

export type AssetStatus = z.output<typeof assetStatusSchema>
export type Submission = z.output<typeof submissionSchema>

/** The longest time for which one request asks the tracker to wait, in seconds. Many proxies end a request after a minute. */
const WAIT_SECONDS = 30

/** A timer can't be longer: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args. A longer wait has no limit. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * The present status of an asset, then each newer one, until nothing is pending. `target` is a fileId or a `statusUrl`. Uses long
 * polling: each request waits at the tracker until the status changes. Failed requests are repeated for about a minute; with
 * `failsFast`, the first one is not. Rejects with `TrackerTimeoutError` after `timeout` milliseconds, by default never. `etag` is that
 * of a status that the caller already has.
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
  const expiry = timeout > MAX_TIMER_MS ? undefined : AbortSignal.timeout(Math.max(0, Math.ceil(timeout)))
  const signal = AbortSignal.any([options.signal, expiry].filter((one) => one !== undefined))
  let failure: unknown = new TrackerConnectionError('The tracker did not respond.')
  let path = pathOf(target)
  let { etag } = options
  let isFirst = true
  // The first request returns at once, so that a wrong id or key is reported at once.
  let wait = etag === undefined ? 0 : WAIT_SECONDS
  const send = async () => {
    const headers: { [name: string]: string } = etag === undefined ? {} : { 'if-none-match': etag }
    const response = await http.send(path, { query: { wait: String(wait) }, headers, signal })
    const body =
      response.status === 304 ? undefined : await readJson<AssetStatus | Submission>(response, signal)
    return { body, etag: response.headers.get('etag') ?? undefined }
  }
  try {
    for (;;) {
      const askedAt = Date.now()
      const onFailure = (error: unknown) => {
        failure = error
      }
      const response = failsFast && isFirst ? await send() : await repeat(send, { signal, onFailure })
      isFirst = false
      failure = undefined
      wait = WAIT_SECONDS
      const { body } = response
      if (body === undefined) {
        // A tracker that is stopping responds at once.
        if (Date.now() - askedAt < PAUSE_MS) await pause(PAUSE_MS, signal)
        continue
      }
      etag = response.etag
      if (!('submissionId' in body)) {
        yield body
        if (body.status !== 'pending') return
      } else if (body.state === 'rejected') {
        throw new TrackerSubmissionError(
          body.submissionId,
          body.error?.message ?? 'ImageKit rejected the upload.',
        )
      } else if (body.fileId !== null) {
        path = body.statusUrl
        etag = undefined
        wait = 0
      }
    }
  } catch (error) {
    if (expiry?.aborted && error === expiry.reason) throw new TrackerTimeoutError(timeout, failure)
    throw error
  }
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
  return isUrl(target) ? target : `/assets/${encodeURIComponent(target)}/status`
}
