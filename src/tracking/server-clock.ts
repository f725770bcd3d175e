import type { StoreLifecycle } from '../store/store.ts'

type StoreClock = Pick<StoreLifecycle, 'isShared' | 'readServerTime'>

/**
 * The clock for the times that are stored and compared; only idempotency keys have their own (`IdempotencyClock`). Processes that
 * share a database use the database's clock, because their own clocks may differ. A process that has its database to itself uses
 * its own clock.
 */
export type ServerClock = {
  now(): number
  /**
   * Adopts the time of the database's clock; does nothing if the database is not shared. If the store rejects, so does this, and
   * the clock continues as before.
   */
  synchronize(store: StoreClock): Promise<void>
}

/**
 * The database reads its clock at an unknown time during the round trip, so the result of a round trip that is longer than this is
 * too inexact. Such a result is used only if there is no earlier one.
 */
const MAX_ROUND_TRIP_MS = 1000

export function createServerClock({
  clock,
  uptimeMs,
}: {
  clock: () => number
  /** A monotonic clock, such as `performance.now`, so that a wrong system clock has no effect between synchronisations. */
  uptimeMs: () => number
}): ServerClock {
  /** The database's time when `uptimeMs` was 0; undefined until the first synchronisation. */
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
