export type Breaker = {
  /** Rejects at once with why the server cannot be reached, as long as that is so. */
  run: <T>(connect: () => Promise<T>) => Promise<T>
  /** The server does not answer. Nobody is let through from now on, until it is reached again. */
  open: (error: unknown) => void
  /** Why nobody is let through; undefined while the server can be reached. */
  fault: () => unknown
  close: () => void
}

const TRY_EVERY_MS = 500

/**
 * While a server cannot be reached, nobody waits for it: only `reach` tries, every now and then. `isOutage`: whether the server
 * is why a caller could not connect.
 */
export function createBreaker(reach: () => Promise<void>, isOutage: (error: unknown) => boolean): Breaker {
  let failed: { error: unknown } | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const tryLater = (): void => {
    if (!isClosed) timer = setTimeout(() => void tryNow(), TRY_EVERY_MS)
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
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
