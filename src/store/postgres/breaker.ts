export type Breaker = {
  /** Connects. While the server can't be reached, rejects at once with the reason instead. */
  run: <T>(connect: () => Promise<T>) => Promise<T>
  /** Call it if the server does not respond. From then on, `run` rejects every call, until the server is reached again. */
  open: (error: unknown) => void
  /** Why `run` rejects calls; undefined while the server can be reached. */
  fault: () => unknown
  /** Ends the attempts to reach the server. */
  stop: () => void
}

const TRY_EVERY_MS = 500

/**
 * A circuit breaker: while a server can't be reached, callers don't wait for it, and only `reach` is called, every half second,
 * until it succeeds. `isOutage`: whether an error with which a caller failed to connect means that the server can't be
 * reached.
 */
export function createBreaker(reach: () => Promise<void>, isOutage: (error: unknown) => boolean): Breaker {
  let failed: { error: unknown } | undefined
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const tryLater = (): void => {
    if (!isStopped) timer = setTimeout(() => void tryNow(), TRY_EVERY_MS)
  }
  const tryNow = async (): Promise<void> => {
    try {
      await reach()
      failed = undefined
    } catch (error) {
      failed = { error }
      tryLater()
    }
  }
  const open = (error: unknown): void => {
    if (failed === undefined) tryLater()
    failed = { error }
  }
  return {
    async run(connect) {
      if (failed !== undefined) throw failed.error
      try {
        return await connect()
      } catch (error) {
        if (isOutage(error)) open(error)
        throw error
      }
    },
    open,
    fault: () => failed?.error,
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
