/** A timer can't be longer: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args. A longer time has no limit. */
const MAX_TIMER_MS = 2 ** 31 - 1

export type TimeLimit = {
  /** Aborts when the time is over, and with the caller's signal. */
  signal: AbortSignal
  /** Starts the time, or starts it again. */
  start(ms: number): void
  stop(): void
  /** Releases the timer, and the listener on the caller's signal. */
  end(): void
}

/** What to call when a signal aborts. Many waits may share a signal, and Node warns if that has more than ten listeners. */
const followers = new WeakMap<AbortSignal, { callbacks: Set<() => void>; onAbort: () => void }>()

/** Calls `callback` when the signal aborts, until the returned function is called. */
function follow(signal: AbortSignal, callback: () => void): () => void {
  let followed = followers.get(signal)
  if (followed === undefined) {
    const callbacks = new Set<() => void>()
    const onAbort = () => {
      for (const one of callbacks) one()
    }
    followed = { callbacks, onAbort }
    followers.set(signal, followed)
    signal.addEventListener('abort', onAbort)
  }
  const { callbacks, onAbort } = followed
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
    if (callbacks.size > 0 || followers.get(signal)?.callbacks !== callbacks) return
    followers.delete(signal)
    signal.removeEventListener('abort', onAbort)
  }
}

/**
 * Unlike `AbortSignal.any` with `AbortSignal.timeout`, it leaves nothing behind on a signal that lives longer, nor a timer that runs
 * on. `reason` makes the error to abort with.
 */
export function createTimeLimit(callerSignal: AbortSignal | undefined, reason: () => Error): TimeLimit {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const onAbort = () => controller.abort(callerSignal?.reason)
  const stop = () => clearTimeout(timer)
  if (callerSignal?.aborted) onAbort()
  const leave = callerSignal && !callerSignal.aborted ? follow(callerSignal, onAbort) : undefined
  return {
    signal: controller.signal,
    start(ms) {
      stop()
      if (ms <= MAX_TIMER_MS) timer = setTimeout(() => controller.abort(reason()), Math.max(0, Math.ceil(ms)))
    },
    stop,
    end() {
      stop()
      leave?.()
    },
  }
}
