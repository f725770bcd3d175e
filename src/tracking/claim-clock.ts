/**
 * The clock by which idempotency keys age. It runs only while the service runs, and goes on from the newest claim after a
 * restart: a system clock that is set ahead, at any time, must not free a key before its 24 hours and upload the same file
 * twice. A key lives longer than that for as long as the service was down.
 */
export type ClaimClock = {
  now(): number
  /** Goes on from the newest claim of an earlier process; null where there is none. */
  continueFrom(newestClaimAt: number | null): void
}

export function createClaimClock({
  clock,
  uptimeMs,
}: {
  clock: () => number
  /** A clock that nothing sets, such as `performance.now`. */
  uptimeMs: () => number
}): ClaimClock {
  let startAt = clock() - uptimeMs()
  return {
    // Whole milliseconds, as the store keeps them.
    now: () => Math.floor(startAt + uptimeMs()),
    continueFrom(newestClaimAt) {
      if (newestClaimAt !== null) startAt = newestClaimAt - uptimeMs()
    },
  }
}
