/**
 * The clock by which idempotency keys expire. If the system clock is set ahead, a key must not expire before its 24 hours: the
 * same file would be uploaded twice. Processes that share a database use the database's clock. For a process that has its
 * database to itself, this clock runs only while the service runs, and continues from the newest claim after a restart.
 * Downtime therefore extends the 24 hours.
 */
export type ClaimClock = {
  now(): number
  /** Continues from the newest claim of an earlier process; null if there is none. */
  continueFrom(newestClaimAt: number | null): void
  /** From now on, uses the clock of the shared database. */
  follow(serverClock: () => number): void
}

export function createClaimClock({
  clock,
  uptimeMs,
}: {
  clock: () => number
  /** A monotonic clock, such as `performance.now`. */
  uptimeMs: () => number
}): ClaimClock {
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
