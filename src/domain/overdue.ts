import { CLOCK_SLACK_MS } from './due-time.ts'

/** A run as the sweep for overdue runs reads it. */
export type SweptRun = {
  /** Its row number. */
  n: number
  /** False, too, for a pending run of a rejected submission. */
  isPending: boolean
  /** It is marked as overdue already. */
  isOverdue: boolean
  requestedAt: number
}

/**
 * Decides what the sweep does with the next run, in insertion order. `mark`: it is pending and overdue, so it will be checked.
 * `skip`: it is not pending, or already marked. `stop`: it is too young to be overdue, and so are the runs after it.
 */
export function decideSweep(
  { isPending, isOverdue, requestedAt }: Omit<SweptRun, 'n'>,
  { now, overdueAfterMs }: { now: number; overdueAfterMs: number },
): 'mark' | 'skip' | 'stop' {
  if (isYounger(requestedAt, now, overdueAfterMs)) return 'stop'
  return isPending && !isOverdue ? 'mark' : 'skip'
}

/**
 * Whether a run was requested less than `ageMs` ago, or is dated slightly ahead of the clock. A run that a wrong clock dated
 * further ahead counts as old: otherwise the runs after it would not be checked until the clock has reached its time.
 */
function isYounger(requestedAt: number, now: number, ageMs: number): boolean {
  return requestedAt > now - ageMs && requestedAt <= now + CLOCK_SLACK_MS
}

/**
 * Selects at most `limit` of the next runs, in insertion order, to be marked as overdue, each with the time at which it became
 * due. `swept` is the last run that the sweep passes: the next sweep begins after it; undefined if the sweep passes none. It
 * passes neither a run younger than the longest transaction nor the runs after it, because a run with a lower number may not be
 * committed yet.
 */
export function selectOverdue(
  runs: readonly SweptRun[],
  rule: { now: number; overdueAfterMs: number; longestTransactionMs: number; limit: number },
): { overdue: { n: number; dueAt: number }[]; swept: number | undefined } {
  const overdue: { n: number; dueAt: number }[] = []
  let swept: number | undefined
  let isPassing = true
  for (const run of runs) {
    const decision = decideSweep(run, rule)
    if (decision === 'stop' || overdue.length === rule.limit) break
    if (decision === 'mark')
      overdue.push({ n: run.n, dueAt: Math.min(run.requestedAt + rule.overdueAfterMs, rule.now) })
    isPassing &&= !isYounger(run.requestedAt, rule.now, rule.longestTransactionMs)
    if (isPassing) swept = run.n
  }
  return { overdue, swept }
}
