/** Clocks are set right by a little all the time; that is no reason to look at anything twice. */
const CLOCK_SLACK_MS = 60_000

/**
 * The latest time for which something can have been planned by now. What is due still later was planned while the clock was
 * ahead, and counts as due: it would wait for as long as the clock has been set back.
 */
export function latestDueAt(now: number, longestPauseMs: number): number {
  return now + longestPauseMs + CLOCK_SLACK_MS
}
