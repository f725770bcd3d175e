/**
 * The clock by which idempotency keys expire, 24 hours after a request claimed them. If the system clock is set ahead, a key must
 * not expire earlier: the same file would be uploaded twice. Processes that share a database use the database's clock. For a
 * process that has its database to itself, this clock runs only while the service runs, and continues after a restart from the
 * time of the newest claim. Downtime therefore extends the 24 hours.
 */
export type IdempotencyClock = {
  now(): number
  /** Continues from the time at which an earlier process last claimed a key; null if none ever did. */
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
  /** The time when `uptimeMs` was 0. */
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
