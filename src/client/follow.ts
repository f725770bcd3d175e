import type { z } from 'zod'
import type { assetStatusSchema } from '../contract/asset.ts'
import type { submissionSchema } from '../contract/submission.ts'
import { TrackerApiError, TrackerSubmissionError, TrackerTimeoutError } from './errors.ts'
import type { Http } from './http.ts'

export type AssetStatus = z.output<typeof assetStatusSchema>
export type Submission = z.output<typeof submissionSchema>

/** The longest time for which one request asks the tracker to wait, in seconds. Many proxies end a request after a minute. */
const MAX_WAIT_SECONDS = 50

/** The pause after a response that came at once, or after a failure, unless the response says how long. */
const PAUSE_MS = 1000

/** How often a request is sent again that failed because the tracker restarts or is overloaded. */
const MAX_FAILURES = 60

/**
 * The present status of an asset, then each newer one, until nothing is pending. `target` is a fileId or a `statusUrl`. Uses long
 * polling: each request waits at the tracker until the status changes. Failed requests are repeated for about a minute. Ends without
 * a final status once `deadline` (a `Date.now()`) has passed. `etag` is that of a status that the caller already has.
 */
export async function* poll(
  http: Http,
  target: string,
  {
    signal,
    deadline,
    etag: known,
  }: { signal?: AbortSignal | undefined; deadline: number; etag?: string | undefined },
): AsyncGenerator<AssetStatus, void> {
  let path = pathOf(target)
  let etag = known
  let failures = 0
  for (;;) {
    const askedAt = Date.now()
    const seconds = Math.min(MAX_WAIT_SECONDS, Math.ceil((deadline - askedAt) / 1000))
    if (seconds < 0) return
    // The first request returns at once, so that a wrong id or key is reported at once.
    const wait = etag === undefined ? '0' : String(seconds)
    let response: Response
    try {
      const headers: { [name: string]: string } = etag === undefined ? {} : { 'if-none-match': etag }
      response = await http.send(path, { query: { wait }, headers, signal })
      failures = 0
    } catch (error) {
      failures += 1
      if (!isTemporary(error) || failures > MAX_FAILURES || Date.now() >= deadline) throw error
      await pause(error instanceof TrackerApiError ? (error.retryAfterMs ?? PAUSE_MS) : PAUSE_MS, signal)
      continue
    }
    if (response.status === 304) {
      if (Date.now() >= deadline) return
      // A tracker that is stopping responds at once.
      if (Date.now() - askedAt < PAUSE_MS) await pause(PAUSE_MS, signal)
      continue
    }
    etag = response.headers.get('etag') ?? undefined
    const body = (await response.json()) as AssetStatus | Submission
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
      continue
    }
    if (Date.now() >= deadline) return
  }
}

/** Resolves with the final status. Rejects with `TrackerTimeoutError` after `timeout` milliseconds. */
export async function waitFor(
  http: Http,
  target: string,
  { signal, timeout }: { signal?: AbortSignal | undefined; timeout: number },
): Promise<AssetStatus> {
  const deadline = Date.now() + timeout
  for await (const status of poll(http, target, { signal, deadline }))
    if (status.status !== 'pending') return status
  throw new TrackerTimeoutError(timeout)
}

/** The path of a fileId; a `statusUrl` as it is. */
export function pathOf(target: string): string {
  return /^https?:\/\//.test(target) ? target : `/assets/${encodeURIComponent(target)}/status`
}

/** Without a response, or with one that says that the tracker or a proxy in front of it cannot respond at the moment. */
function isTemporary(error: unknown): boolean {
  if (error instanceof TrackerApiError) return error.status === 429 || error.status >= 500
  // `fetch` rejects with a TypeError if there is no response.
  return error instanceof TypeError
}

/** Rejects with the reason of `signal` as soon as it aborts. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
