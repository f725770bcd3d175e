/**
 * The clock by which idempotency keys expire, 24 hours after a request claimed them. If the system clock is set ahead, a key must
 * not expire early: a retry would then upload the same file twice. Processes that share a database use the database's clock. For
 * a process that has its database to itself, this clock runs only while the service runs, and continues after a restart from the
 * time of the newest claim. The time between that claim and the restart therefore extends the 24 hours.
 */
export type IdempotencyClock = {
  now(): number
  /** Continues from the time of the newest claim that is stored; null if there is none. */
  continueFrom(newestClaimAt: number | null): void
  /** From now on, uses the clock of the shared database. */
  follow(serverClock: () => number): void
}

export function createIdempotencyClock({
  clock,
  uptimeMs,
}: {
  clock: () => number
  /** A monotonic clock, such as `performance.now`. */
  uptimeMs: () => number
}): IdempotencyClock {
  /** The system's time when `uptimeMs` was 0. */
  const startAt = clock() - uptimeMs()
  // Whole milliseconds, as in the store.
  const clockFrom = (from: number) => () => Math.floor(from + uptimeMs())
  let now = clockFrom(startAt)
  return {
    now: () => now(),
    continueFrom(newestClaimAt) {
      if (newestClaimAt !== null) now = clockFrom(newestClaimAt - uptimeMs())
    },
    follow(serverClock) {
      now = serverClock
    },
  }
}
