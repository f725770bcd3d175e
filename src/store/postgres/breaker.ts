export type Breaker = {
  /** Rejects at once with what `connect` rejected with the last time, unless it is time to try again. */
  run: <T>(connect: () => Promise<T>) => Promise<T>
}

const TRY_EVERY_MS = 500

/** While a server cannot be reached, one caller tries every now and then, and nobody else waits for it. */
export function createBreaker(): Breaker {
  let failed: { error: unknown; at: number } | undefined
  let isTrying = false
  return {
    async run(connect) {
      const isTrial = failed !== undefined
      if (failed !== undefined) {
        if (isTrying || performance.now() - failed.at < TRY_EVERY_MS) throw failed.error
        isTrying = true
      }
      try {
        const connected = await connect()
        failed = undefined
        return connected
      } catch (error) {
        failed = { error, at: performance.now() }
        throw error
      } finally {
        if (isTrial) isTrying = false
      }
    },
  }
}
