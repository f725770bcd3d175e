import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'

/** Waits; rejects when the signal aborts first. */
export type Delay = (ms: number, signal: AbortSignal) => Promise<void>

export const realDelay: Delay = (ms, signal) => setTimeout(ms, undefined, { signal })

export type BackgroundTasks = ReturnType<typeof createBackgroundTasks>

/** Work that continues after a response. Failures are logged, except after the sandbox was stopped. */
export function createBackgroundTasks({
  signal,
  logger,
}: {
  signal: AbortSignal
  logger: Pick<Logger, 'error'>
}) {
  const running = new Set<Promise<void>>()
  return {
    /** Tracks the task. The returned promise never rejects. */
    watch(task: Promise<void>): Promise<void> {
      const watched = task
        .catch((error: unknown) => {
          if (!signal.aborted) logger.error({ event: 'task.failed', err: error }, 'background task failed')
        })
        .finally(() => running.delete(watched))
      running.add(watched)
      return watched
    },

    /** Resolves once no task is running. */
    async settle(): Promise<void> {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
