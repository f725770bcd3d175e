/** A process that has written no heartbeat for this long has ended. Three are missed, so a slow one is not taken for dead. */
export const SILENT_MS = 30_000

/** Heartbeats are 10 seconds apart. After a longer pause than this, the database may have been away, for the others too. */
const LONGEST_PAUSE_MS = 15_000

/** The heartbeats that this process has written without a gap. */
export type HeartbeatSeries = {
  /** A heartbeat was written at this time. */
  note(at: number): void
  /**
   * Whether the series lasts as long as the silence of an ended process. Then every process that lives could write its
   * heartbeats, too, and who is silent has ended.
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
