import type { StartTimer } from '../tracking/status/status-cache.ts'
import type { ExceededLimit } from '../tracking/status/waiting-limit.ts'

const LOG_INTERVAL_MS = 10_000

/**
 * Logs that connections or requests beyond a limit were rejected, or that idle connections were closed for new ones (counted as
 * `connections`, too): the first at once, then the counts of each interval in one line, so that a flood can't fill the disk with logs.
 */
export function createOverloadLog(
  log: { warn(fields: object, text: string): void },
  startTimer: StartTimer,
): (limit: ExceededLimit) => void {
  let rejected: { [limit in ExceededLimit]?: number } = {}
  let isTimerRunning = false

  const write = (): void => {
    const entries = Object.entries(rejected)
    isTimerRunning = entries.length > 0
    if (!isTimerRunning) return
    log.warn(
      { event: 'load.rejected', rejected: Object.fromEntries(entries) },
      'connections or requests beyond a limit were rejected',
    )
    rejected = {}
    startTimer(LOG_INTERVAL_MS, write)
  }
  return (limit) => {
    rejected[limit] = (rejected[limit] ?? 0) + 1
    if (!isTimerRunning) write()
  }
}
