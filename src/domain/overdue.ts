import { CLOCK_SLACK_MS } from './due-time.ts'

/**
 * Decides what the sweep does with the next run, in insertion order. `mark`: it is pending and overdue, so it will be checked.
 * `pass`: it needs nothing, or is already marked. `stop`: it is too young, and so are the runs after it. A run dated into the
 * future by a wrong clock counts as old: otherwise no run after it would ever be checked.
 */
export function sweepRun(
  { isPending, isOverdue, requestedAt }: Omit<SweptRun, 'n'>,
  { now, overdueAfterMs }: { now: number; overdueAfterMs: number },
): 'mark' | 'pass' | 'stop' {
  const isYoung = requestedAt > now - overdueAfterMs && requestedAt <= now + CLOCK_SLACK_MS
  if (isYoung) return 'stop'
  return isPending && !isOverdue ? 'mark' : 'pass'
}

/** `isOverdue`: an earlier sweep has marked it. */
export type SweptRun = { n: number; isPending: boolean; isOverdue: boolean; requestedAt: number }

/**
 * Selects at most `limit` of the next runs, in insertion order, to be marked as overdue, with the time since which each has been
 * due. `swept` is the last run that the sweep has passed; undefined if it passes none. The sweep does not pass a run younger than
 * the longest transaction, because an earlier run may not be committed yet.
 */
export function selectOverdue(
  runs: readonly SweptRun[],
  rule: { now: number; overdueAfterMs: number; longestTransactionMs: number; limit: number },
): { overdue: { n: number; dueAt: number }[]; swept: number | undefined } {
  const overdue: { n: number; dueAt: number }[] = []
  let swept: number | undefined
  let isPassing = true
  for (const run of runs) {
    const decision = sweepRun(run, rule)
    if (decision === 'stop' || overdue.length === rule.limit) break
    if (decision === 'mark')
      overdue.push({ n: run.n, dueAt: Math.min(run.requestedAt + rule.overdueAfterMs, rule.now) })
    isPassing &&= sweepRun(run, { now: rule.now, overdueAfterMs: rule.longestTransactionMs }) !== 'stop'
    if (isPassing) swept = run.n
  }
  return { overdue, swept }
}
