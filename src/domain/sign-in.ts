import { CLOCK_SLACK_MS } from './due-time.ts'

const WITHIN_MS = 15 * 60_000
const MAX_FAILURES = 10

/** Of names whose failures are remembered; the oldest are forgotten first. */
export const MAX_SIGN_IN_NAMES = 20_000

/**
 * Counts an attempt to sign in as a failure of each of its names, of which the times of earlier failures are given. Returns the
 * times afterwards, or null if one of the names has failed too often: then nothing is counted. Times in the future, from before
 * the clock was set back, don't count.
 */
export function countSignIn(failures: readonly (readonly number[])[], at: number): number[][] | null {
  const recent = failures.map((times) =>
    times.filter((time) => time > oldestSignIn(at) && time <= at + CLOCK_SLACK_MS),
  )
  return recent.some(({ length }) => length >= MAX_FAILURES) ? null : recent.map((times) => [...times, at])
}

/** The attempt at this time has succeeded: the times without it. */
export function withoutAttempt(times: readonly number[], at: number): number[] {
  const index = times.lastIndexOf(at)
  return index < 0 ? [...times] : times.toSpliced(index, 1)
}

/** Failures at this time or earlier no longer count. */
export function oldestSignIn(now: number): number {
  return now - WITHIN_MS
}
