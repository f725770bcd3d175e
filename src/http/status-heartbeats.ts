import type { StartTimer } from '../tracking/status-timer.ts'

/** One timer that keeps all streams alive, for proxies close what is silent. It runs only while there are streams. */
export type Heartbeats = {
  /** Calls `beat` from now on, once an interval, until the function that is returned is called. */
  join(beat: () => void): () => void
}

/** A stall of every stream at once would be seen by all other callers: each tick serves only a part of them. */
const PARTS = 10

const HEARTBEAT_MS = 15_000

export function createHeartbeats(startTimer: StartTimer, intervalMs = HEARTBEAT_MS): Heartbeats {
  const parts = Array.from({ length: PARTS }, () => new Set<() => void>())
  let count = 0
  let turn = 0
  let stopTimer = (): void => {}

  const tick = (): void => {
    turn = (turn + 1) % PARTS
    stopTimer = startTimer(intervalMs / PARTS, tick)
    for (const beat of parts[turn] ?? []) beat()
  }

  return {
    join(beat) {
      const part = parts.reduce((smallest, other) => (other.size < smallest.size ? other : smallest))
      part.add(beat)
      count += 1
      if (count === 1) stopTimer = startTimer(intervalMs / PARTS, tick)
      return () => {
        if (!part.delete(beat)) return
        count -= 1
        if (count === 0) stopTimer()
      }
    },
  }
}
