import type { StartTimer } from '../tracking/status/status-cache.ts'

/** One timer that keeps all streams alive, because proxies close silent connections. It runs only while there are streams. */
export type Heartbeats = {
  /** Calls `beat` once per interval, until the returned function is called. */
  join(beat: () => void): () => void
}

/** Writing to every stream at once would delay all other callers, so each tick serves only one group of streams. */
const GROUPS = 10

const HEARTBEAT_MS = 15_000

export function createHeartbeats(startTimer: StartTimer, intervalMs = HEARTBEAT_MS): Heartbeats {
  const groups = Array.from({ length: GROUPS }, () => new Set<() => void>())
  let count = 0
  let current = 0
  let stopTimer = (): void => {}

  const tick = (): void => {
    current = (current + 1) % GROUPS
    stopTimer = startTimer(intervalMs / GROUPS, tick)
    for (const beat of groups[current] ?? []) beat()
  }

  return {
    join(beat) {
      const group = groups.reduce((smallest, other) => (other.size < smallest.size ? other : smallest))
      group.add(beat)
      count += 1
      if (count === 1) stopTimer = startTimer(intervalMs / GROUPS, tick)
      return () => {
        if (!group.delete(beat)) return
        count -= 1
        if (count === 0) stopTimer()
      }
    },
  }
}
