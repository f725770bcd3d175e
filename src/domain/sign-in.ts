import { CLOCK_SLACK_MS } from './due-time.ts'

const WITHIN_MS = 15 * 60_000
const MAX_FAILURES = 10

/** The maximum number of names with remembered failures; the oldest are deleted first. A name is a hash of an address or key. */
export const MAX_SIGN_IN_NAMES = 20_000

/**
 * Counts a sign-in attempt as a failure of each of its names. `failures` are the times of each name's earlier failures. Returns
 * the new times, or null if one of the names has failed too often: then nothing is counted. Times in the future, from before the
 * clock was set back, don't count.
 */
export function countSignIn(failures: readonly (readonly number[])[], at: number): number[][] | null {
  const recent = failures.map((times) =>
    times.filter((time) => time > oldestSignIn(at) && time <= at + CLOCK_SLACK_MS),
  )
  return recent.some(({ length }) => length >= MAX_FAILURES) ? null : recent.map((times) => [...times, at])
}

/** Removes the attempt at this time, because it succeeded. */
export function withoutAttempt(times: readonly number[], at: number): number[] {
  const index = times.lastIndexOf(at)
  return index < 0 ? [...times] : times.toSpliced(index, 1)
}

/** Failures at this time or earlier no longer count. */
export function oldestSignIn(now: number): number {
  return now - WITHIN_MS
}
