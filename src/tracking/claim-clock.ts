/**
 * The clock by which idempotency keys age. A system clock that is set ahead, at any time, must not free a key before its 24 hours
 * and upload the same file twice. Processes that share a database go by its clock. For a process that has its database to itself,
 * this clock runs only while the service runs, and goes on from the newest claim after a restart: a key lives longer than 24 hours
 * for as long as the service was down.
 */
export type ClaimClock = {
  now(): number
  /** Goes on from the newest claim of an earlier process; null where there is none. */
  continueFrom(newestClaimAt: number | null): void
  follow(serverClock: () => number): void
}

export function createClaimClock({
  clock,
  uptimeMs,
}: {
  clock: () => number
  /** A clock that nothing sets, such as `performance.now`. */
  uptimeMs: () => number
}): ClaimClock {
  const startAt = clock() - uptimeMs()
  // Whole milliseconds, as the store keeps them.
  const continuing = (from: number) => () => Math.floor(from + uptimeMs())
  let now = continuing(startAt)
  return {
    now: () => now(),
    continueFrom(newestClaimAt) {
      if (newestClaimAt !== null) now = continuing(newestClaimAt - uptimeMs())
    },
    follow(serverClock) {
      now = serverClock
    },
  }
}
