/** Clocks are set right by a little all the time. */
const CLOCK_SLACK_MS = 60_000

/**
 * What the sweep does with the next run, in the order of insertion. `mark`: it is pending and overdue, so it is checked. `pass`:
 * it needs nothing. `stop`: it is too young, and so are those behind it. A run from the future was dated by a wrong clock, and
 * counts as old: otherwise nothing behind it would ever be checked.
 */
export function sweepRun(
  { isPending, requestedAt }: { isPending: boolean; requestedAt: number },
  { now, overdueAfterMs }: { now: number; overdueAfterMs: number },
): 'mark' | 'pass' | 'stop' {
  const isYoung = requestedAt > now - overdueAfterMs && requestedAt <= now + CLOCK_SLACK_MS
  if (isYoung) return 'stop'
  return isPending ? 'mark' : 'pass'
}
