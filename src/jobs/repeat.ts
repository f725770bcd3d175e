import { AsyncResource } from 'node:async_hooks'
/** A job that runs repeatedly. */
export type Repeated = {
  start(): void
  /** Runs the job now instead of after the pause. If the job is running, it runs again right afterwards, unless it fails. */
  wake(): void
  /** Starts no more runs. Resolves once a run in progress has ended. */
  stop(): Promise<void>
}

/** Node fires a longer timer at once. A longer pause is shortened to this: a job that runs too early does no harm. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/**
 * Runs `work`, then again after the number of milliseconds that it returns, or after `afterFailureMs` if it rejects. Runs never
 * overlap.
 */
export function repeat(
  work: () => Promise<number>,
  options: { afterFailureMs: number; onError: (error: unknown) => void },
): Repeated {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let isStopped = true
  let isWoken = false

  const run = async (): Promise<void> => {
    isWoken = false
    let pauseMs = options.afterFailureMs
    try {
      pauseMs = await work()
    } catch (error) {
      options.onError(error)
      // After a failure, the job does not run again at once, even if `wake` was called while it ran.
      isWoken = false
    }
    running = undefined
    schedule(isWoken ? 0 : pauseMs)
  }
  // A request that wakes the job is not the cause of all that the job does: its log lines and spans must not name that request.
  const runDetached = AsyncResource.bind(run)
  const schedule = (ms: number): void => {
    if (isStopped) return
    timer = setTimeout(
      () => {
        running = runDetached()
      },
      Math.min(ms, LONGEST_TIMEOUT_MS),
    )
    timer.unref()
  }

  return {
    start() {
      isStopped = false
      schedule(0)
    },
    wake() {
      isWoken = true
      if (isStopped || running !== undefined) return
      clearTimeout(timer)
      schedule(0)
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}
