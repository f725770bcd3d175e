import type { SandboxLogger } from './sandbox-logger.ts'

export type BackgroundTasks = ReturnType<typeof createBackgroundTasks>

/** Work that goes on after a response. A failure is logged, except what only says that the sandbox was stopped. */
export function createBackgroundTasks({ signal, logger }: { signal: AbortSignal; logger: SandboxLogger }) {
  const running = new Set<Promise<void>>()
  return {
    /** Keeps track of the task; the promise answered never rejects. */
    watch(task: Promise<void>): Promise<void> {
      const watched = task
        .catch((error: unknown) => {
          if (!signal.aborted) logger.error({ err: error }, 'background task failed')
        })
        .finally(() => running.delete(watched))
      running.add(watched)
      return watched
    },

    async settle(): Promise<void> {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
