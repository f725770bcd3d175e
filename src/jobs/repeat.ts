/** Work that is done again and again. */
export type Repeated = {
  start(): void
  /** There is work: it is not waited for any longer. */
  wake(): void
  /** Resolves once what is under way has ended. */
  stop(): Promise<void>
}

/** Beyond it a timer does not wait at all; work that is done too early finds nothing to do. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** Runs `work` and then again after as many milliseconds as it returns; never twice at once. A failure is told and survived. */
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
      // What fails is not tried again at once, whoever asks for it.
      isWoken = false
    }
    running = undefined
    schedule(isWoken ? 0 : pauseMs)
  }
  const schedule = (ms: number): void => {
    if (isStopped) return
    timer = setTimeout(
      () => {
        running = run()
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
