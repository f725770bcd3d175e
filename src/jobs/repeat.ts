/** Work that is done again and again. */
export type Repeated = {
  start(): void
  /** Resolves once what is under way has ended. */
  stop(): Promise<void>
}

/** Runs `work` and then again after as many milliseconds as it returns; never twice at once. A failure is told and survived. */
export function repeat(
  work: () => Promise<number>,
  options: { afterFailureMs: number; onError: (error: unknown) => void },
): Repeated {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let isStopped = true

  const run = async (): Promise<void> => {
    let pauseMs = options.afterFailureMs
    try {
      pauseMs = await work()
    } catch (error) {
      options.onError(error)
    }
    running = undefined
    schedule(pauseMs)
  }
  const schedule = (ms: number): void => {
    if (isStopped) return
    timer = setTimeout(() => {
      running = run()
    }, ms)
    timer.unref()
  }

  return {
    start() {
      isStopped = false
      schedule(0)
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}
