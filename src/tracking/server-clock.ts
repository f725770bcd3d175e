import type { StoreLifecycle } from '../store/store.ts'

type MeasuredStore = Pick<StoreLifecycle, 'isShared' | 'readServerTime'>

/**
 * The clock of all times that are stored or compared. Processes that share a database go by its clock, because their own may
 * differ. A process that has its database to itself goes by its own.
 */
export type ServerClock = {
  now(): number
  /** Compares with the database's clock. Rejects as the store does; then the clock goes on as before. */
  synchronize(store: MeasuredStore): Promise<void>
}

/** The database read its clock at some time during the round trip: a longer one says too little. */
const MAX_ROUND_TRIP_MS = 1000

export function createServerClock({
  clock,
  uptimeMs,
}: {
  clock: () => number
  /** A clock that nothing sets, such as `performance.now`: between comparisons, a wrong system clock has no effect. */
  uptimeMs: () => number
}): ServerClock {
  /** The database's time when `uptimeMs` was 0. */
  let startAt: number | undefined
  return {
    // Whole milliseconds, as the store keeps them.
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
