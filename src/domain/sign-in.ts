import { CLOCK_SLACK_MS } from './due-time.ts'

/** A name with `MAX_FAILURES` failures in this time is blocked. */
const WINDOW_MS = 15 * 60_000
const MAX_FAILURES = 10

/** The maximum number of names with stored failures; the oldest are deleted first. A name is the hash of a network or of a key. */
export const MAX_SIGN_IN_NAMES = 20_000

/**
 * Counts a sign-in attempt as a failure of each of its names; `withoutAttempt` corrects this if the attempt succeeds. `failures`
 * are the times of each name's earlier failures. Returns the new times, or null if one of the names has failed too often: then
 * nothing is counted. Times in the future don't count, because they are from before the clock was set back.
 */
export function countSignIn(failures: readonly (readonly number[])[], at: number): number[][] | null {
  const recent = failures.map((times) =>
    times.filter((time) => time > lastExpiredSignInAt(at) && time <= at + CLOCK_SLACK_MS),
  )
  return recent.some(({ length }) => length >= MAX_FAILURES) ? null : recent.map((times) => [...times, at])
}

/** Removes the attempt at this time, because it succeeded. */
export function withoutAttempt(times: readonly number[], at: number): number[] {
  const index = times.lastIndexOf(at)
  return index < 0 ? [...times] : times.toSpliced(index, 1)
}

/** Failures at the returned time or earlier no longer count. */
export function lastExpiredSignInAt(now: number): number {
  return now - WINDOW_MS
}
