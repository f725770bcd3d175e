import type { StartTimer } from '../tracking/status-timer.ts'
import type { ExceededLimit } from '../tracking/waiting-limit.ts'

const EVERY_MS = 10_000

/** Logs what was rejected beyond a limit: the first at once, then one line per interval, so that a flood can't fill the disk. */
export function createOverloadLog(
  log: { warn(fields: object, text: string): void },
  startTimer: StartTimer,
): (limit: ExceededLimit) => void {
  let rejected: { [limit in ExceededLimit]?: number } = {}
  let isTimed = false

  const write = (): void => {
    const entries = Object.entries(rejected)
    isTimed = entries.length > 0
    if (!isTimed) return
    log.warn(
      { event: 'load.rejected', rejected: Object.fromEntries(entries) },
      'rejected what exceeds a limit',
    )
    rejected = {}
    startTimer(EVERY_MS, write)
  }
  return (limit) => {
    rejected[limit] = (rejected[limit] ?? 0) + 1
    if (!isTimed) write()
  }
}
