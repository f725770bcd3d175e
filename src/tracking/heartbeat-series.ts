/**
 * A process that has written no heartbeat for this long has ended. That is three missed heartbeats, so a slow process is not
 * presumed dead.
 */
export const SILENT_MS = 30_000

/**
 * Heartbeats are 10 seconds apart. After a longer pause than this, the database may have been unavailable, also to the others.
 */
const LONGEST_PAUSE_MS = 15_000

/** The uninterrupted series of heartbeats that this process has written. */
export type HeartbeatSeries = {
  /** Records that a heartbeat was written at this time. */
  note(at: number): void
  /**
   * Whether the series is at least as long as the silence of an ended process. Then every live process could have written its
   * heartbeats too, so a silent process has ended.
   */
  provesSilence(): boolean
}

export function createHeartbeatSeries(): HeartbeatSeries {
  let first = Number.NaN
  let last = Number.NaN
  return {
    note(at) {
      const follows = at >= last && at - last <= LONGEST_PAUSE_MS
      if (!follows) first = at
      last = at
    },
    provesSilence: () => last - first >= SILENT_MS,
  }
}
