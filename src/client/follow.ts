import type { z } from 'zod'
import type { assetStatusSchema } from '../contract/asset.ts'
import type { submissionSchema } from '../contract/submission.ts'
import { TrackerSubmissionError, TrackerTimeoutError } from './errors.ts'
import { type Http, isUrl, readJson } from './http.ts'
import { PAUSE_MS, pause, repeat } from './repeat.ts'

export type AssetStatus = z.output<typeof assetStatusSchema>
export type Submission = z.output<typeof submissionSchema>

/** The longest time for which one request asks the tracker to wait, in seconds. Many proxies end a request after a minute. */
const WAIT_SECONDS = 30

/** The longest time of a timer: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * The present status of an asset, then each newer one, until nothing is pending. `target` is a fileId or a `statusUrl`. Uses long
 * polling: each request waits at the tracker until the status changes. Failed requests are repeated for about a minute. Rejects with
 * `TrackerTimeoutError` after `timeout` milliseconds, by default never. `etag` is that of a status that the caller already has.
 */
export async function* poll(
  http: Http,
  target: string,
  options: {
    signal?: AbortSignal | undefined
    timeout?: number | undefined
    etag?: string | undefined
  } = {},
): AsyncGenerator<AssetStatus, void> {
  const { timeout } = options
  const expiry = timeout === undefined ? undefined : signalAfter(timeout)
  const signal = AbortSignal.any([options.signal, expiry].filter((one) => one !== undefined))
  let failure: unknown = new Error('The tracker did not respond.')
  let path = pathOf(target)
  let { etag } = options
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
      const response = await repeat(send, { signal, onFailure })
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
    if (timeout !== undefined && error === expiry?.reason) throw new TrackerTimeoutError(timeout, failure)
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

function signalAfter(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.min(Math.max(0, Math.ceil(ms)), MAX_TIMER_MS))
}
