import { TrackerError } from '../domain/errors.ts'

/** What has to be written down but the store could not take when it came, answers of ImageKit above all; tried until it is. */
export type WriteRetryQueue = {
  /** Runs `apply`; if the store can't, later again. Resolves when it is applied or waiting; whatever else goes wrong is logged. */
  apply(apply: () => Promise<void>): Promise<void>
  size(): number
  /** Tries what is left once more, and gives up: after a restart those submissions are `unconfirmed`. */
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

  const giveUp = (error: unknown) => log.error({ err: error }, 'an answer of ImageKit could not be applied')
  const drainWaiting = async (): Promise<void> => {
    for (let apply = waiting[0]; apply !== undefined; apply = waiting[0]) {
      try {
        await apply()
      } catch (error) {
        if (isTransient(error)) return
        giveUp(error)
      }
      waiting.shift()
    }
  }
  // One after another: two at once would try the same answer and forget the next one.
  let drained = Promise.resolve()
  const drain = (): Promise<void> => {
    drained = drained.then(drainWaiting)
    return drained
  }
  const schedule = (): void => {
    // The store is closed, too: trying on would keep the process from its end.
    if (isClosed) return
    timer ??= setTimeout(() => {
      timer = undefined
      void drain().then(() => {
        if (waiting.length > 0) schedule()
      })
    }, retryMs)
  }

  return {
    async apply(apply) {
      try {
        await apply()
      } catch (error) {
        if (isClosed || !isTransient(error)) return giveUp(error)
        log.warn(
          { waiting: waiting.length + 1, err: error },
          'the store could not take an answer of ImageKit; it waits',
        )
        waiting.push(apply)
        schedule()
      }
    },
    size: () => waiting.length,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await drain()
      if (waiting.length > 0) log.error({ waiting: waiting.length }, 'answers of ImageKit were not stored')
    },
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof TrackerError && (error.code === 'store_unavailable' || error.code === 'overloaded')
}
