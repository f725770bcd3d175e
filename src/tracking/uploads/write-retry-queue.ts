import { TrackerError } from '../../domain/errors.ts'

/** Retries writes that must not be lost, mostly ImageKit's responses, while the store is unavailable or overloaded, until the service stops. */
export type WriteRetryQueue = {
  /**
   * Runs `write`, and retries it while the store is unavailable or overloaded. Resolves once it is done, queued or given
   * up: after any other error, and once the queue is closed, the error is logged and `write` is not retried.
   */
  apply(write: () => Promise<void>): Promise<void>
  size(): number
  /**
   * Tries the queued writes once more, in order, until the store is unavailable or overloaded again; then gives up the rest. A
   * submission whose response was lost this way becomes `unconfirmed` after a restart, or earlier if another process recovers it.
   */
  close(): Promise<void>
}

export function createWriteRetryQueue(deps: {
  log: { warn(fields: object, text: string): void; error(fields: object, text: string): void }
  retryMs?: number
}): WriteRetryQueue {
  const { log, retryMs = 1000 } = deps
  const waiting: (() => Promise<void>)[] = []
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const giveUp = (error: unknown) =>
    log.error({ event: 'write.failed', err: error }, 'a write failed, and is not retried')
  const drainWaiting = async (): Promise<void> => {
    for (let write = waiting[0]; write !== undefined; write = waiting[0]) {
      try {
        await write()
      } catch (error) {
        if (isTransient(error)) return
        giveUp(error)
      }
      waiting.shift()
    }
  }
  // One drain at a time: two would try the same write, and remove the next one untried.
  let drained = Promise.resolve()
  const drain = (): Promise<void> => {
    drained = drained.then(drainWaiting)
    return drained
  }
  const schedule = (): void => {
    // The store is about to close too, so a retry would only keep the process from exiting.
    if (isClosed) return
    timer ??= setTimeout(() => {
      timer = undefined
      void drain().then(() => {
        if (waiting.length > 0) schedule()
      })
    }, retryMs)
  }

  return {
    async apply(write) {
      try {
        await write()
      } catch (error) {
        if (isClosed || !isTransient(error)) return giveUp(error)
        log.warn(
          { event: 'write.deferred', waiting: waiting.length + 1, err: error },
          'a write could not be stored; queued for a retry',
        )
        waiting.push(write)
        schedule()
      }
    },
    size: () => waiting.length,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await drain()
      if (waiting.length > 0)
        log.error({ event: 'write.abandoned', waiting: waiting.length }, 'queued writes were not stored')
    },
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof TrackerError && (error.code === 'store_unavailable' || error.code === 'overloaded')
}
