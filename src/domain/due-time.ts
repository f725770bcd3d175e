/** Clocks are corrected by a little all the time: so much is no sign of a wrong clock. */
export const CLOCK_SLACK_MS = 60_000

/**
 * The latest time for which something can have been planned by now. What is due still later was planned while the clock was
 * ahead, and counts as due: it would wait for as long as the clock has been set back.
 */
export function latestDueAt(now: number, longestPauseMs: number): number {
  return now + longestPauseMs + CLOCK_SLACK_MS
}

/**
 * How long runs stay claimed that are being checked. The claim is extended while that takes longer, so it can be short: when a
 * process dies, others can check its runs once it has ended.
 */
export const RUN_CLAIM_MS = 40_000

/** A claim that ends sooner is extended before a request: ImageKit may take as long to respond. */
export const LEAST_RUN_CLAIM_MS = 30_000

const DAY_MS = 86_400_000

/** Until when the clock is known to have been right. Kept across restarts: rows that a wrong clock has dated prove nothing. */
export type ClockTrust = {
  trustedAt: number
  /** How long the service has run since with a clock that is in doubt, in milliseconds. */
  doubtedMs: number
}

/**
 * The clock is in doubt while it is more than a day past the time that was trusted last: it may be wrong, or the service was
 * off. A day of running, in as many processes as it takes, ends the doubt. Until then nothing may be deleted for its age.
 * `ranMs` is how long the service has run since the last check.
 */
export function checkClock(
  last: ClockTrust | null,
  now: number,
  ranMs: number,
): { trust: ClockTrust; isInDoubt: boolean } {
  const isAhead = last !== null && now - last.trustedAt > DAY_MS
  const doubtedMs = (last?.doubtedMs ?? 0) + ranMs
  if (isAhead && doubtedMs < DAY_MS)
    return { trust: { trustedAt: last.trustedAt, doubtedMs }, isInDoubt: true }
  return { trust: { trustedAt: now, doubtedMs: 0 }, isInDoubt: false }
}
