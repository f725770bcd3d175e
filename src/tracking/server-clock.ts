import type { StoreLifecycle } from '../store/store.ts'

type MeasuredStore = Pick<StoreLifecycle, 'isShared' | 'readServerTime'>

/**
 * The clock for all times that are stored or compared. Processes that share a database use the database's clock, because their
 * own clocks may differ. A process that has its database to itself uses its own clock.
 */
export type ServerClock = {
  now(): number
  /** Compares with the database's clock. If the store rejects, so does this, and the clock continues as before. */
  synchronize(store: MeasuredStore): Promise<void>
}

/**
 * The database reads its clock at an unknown time during the round trip: a longer round trip is too inexact, and counts only if
 * there is no earlier one.
 */
const MAX_ROUND_TRIP_MS = 1000

export function createServerClock({
  clock,
  uptimeMs,
}: {
  clock: () => number
  /** A monotonic clock, such as `performance.now`: between comparisons, a wrong system clock has no effect. */
  uptimeMs: () => number
}): ServerClock {
  /** The database's time when `uptimeMs` was 0. */
  let startAt: number | undefined
  return {
    // Whole milliseconds, as in the store.
    now: () => (startAt === undefined ? clock() : Math.floor(startAt + uptimeMs())),
    async synchronize(store) {
      if (!store.isShared) return
      const sentAt = uptimeMs()
      const serverTime = await store.readServerTime()
      const roundTripMs = uptimeMs() - sentAt
      if (startAt !== undefined && roundTripMs > MAX_ROUND_TRIP_MS) return
      startAt = serverTime - (sentAt + roundTripMs / 2)
    },
  }
}
