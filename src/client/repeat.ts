import { TrackerApiError, TrackerConnectionError } from './errors.ts'

/** How long a request is repeated that fails because the tracker restarts or is overloaded. */
const MAX_OUTAGE_MS = 60_000

/** The pause after a failure, unless the response says how long, and after a response that should have come later. */
export const PAUSE_MS = 1000

/**
 * Calls `send` until it resolves, for about a minute if it fails because the tracker restarts or is overloaded. Rejects with the last
 * failure, or with the reason of `signal` as soon as that aborts. `onFailure` gets each failure.
 */
export async function repeat<T>(
  send: () => Promise<T>,
  { signal, onFailure }: { signal?: AbortSignal | undefined; onFailure?: (error: unknown) => void } = {},
): Promise<T> {
  let failingSince: number | undefined
  for (;;) {
    try {
      return await send()
    } catch (error) {
      signal?.throwIfAborted()
      onFailure?.(error)
      failingSince ??= performance.now()
      const pauseMs = (error instanceof TrackerApiError && error.retryAfterMs) || PAUSE_MS
      if (!isTemporary(error) || performance.now() + pauseMs - failingSince > MAX_OUTAGE_MS) throw error
      await pause(pauseMs, signal)
    }
  }
}

/** Without a response, or with one that says that the tracker or a proxy in front of it cannot respond at the moment. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof TrackerApiError) return error.status === 429 || error.status >= 500
  return error instanceof TrackerConnectionError
}

/** Rejects with the reason of `signal` as soon as it aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
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
