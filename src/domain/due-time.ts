/** Clocks are set right by a little all the time; that is no reason to look at anything twice. */
const CLOCK_SLACK_MS = 60_000

/**
 * The latest time for which something can have been planned by now. What is due still later was planned while the clock was
 * ahead, and counts as due: it would wait for as long as the clock has been set back.
 */
export function latestDueAt(now: number, longestPauseMs: number): number {
  return now + longestPauseMs + CLOCK_SLACK_MS
}

const DAY_MS = 86_400_000

/**
 * Whether the time is far past the newest row that was there at the start. The clock may be wrong, or the service was off; only
 * a day of running tells, and until then nothing may be deleted for its age.
 */
export function isClockInDoubt(now: number, newestRowAt: number | null, runningMs: number): boolean {
  return newestRowAt !== null && now - newestRowAt > DAY_MS && runningMs < DAY_MS
}
