/** Clocks are corrected by small amounts all the time. This much does not indicate a wrong clock. */
export const CLOCK_SLACK_MS = 60_000

/**
 * The latest due time that is possible now. A due time beyond it means that the clock was set back; treat it as due.
 * Otherwise it would wait for as long as the clock was set back.
 */
export function latestDueAt(now: number, longestPauseMs: number): number {
  return now + longestPauseMs + CLOCK_SLACK_MS
}

/**
 * How long runs stay claimed while they are checked. A longer check extends its claim, so the claim can be short: when a process
 * dies, others can check its runs once the claim has ended.
 */
export const RUN_CLAIM_MS = 40_000

/** A claim that ends sooner is extended before a request, because ImageKit may take this long to respond. */
export const LEAST_RUN_CLAIM_MS = 30_000

const DAY_MS = 86_400_000

/** Until when the clock is known to have been right. Stored, because times that a wrong clock wrote into rows prove nothing. */
export type ClockTrust = {
  trustedAt: number
  /** How long the service has run since then with a clock in doubt, in milliseconds. */
  doubtedMs: number
}

/**
 * The clock is in doubt while it is more than a day past the last trusted time: it may be wrong, or the service was off. A day of
 * running time, by any number of processes, ends the doubt. Until then the pruner deletes nothing. `ranMs` is how long the service
 * has run since the last check.
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
