import { sweepRun } from '../domain/overdue.ts'
import { type Awaitable, type Work, waitFor } from './transaction-work.ts'

/** Runs that the sweep passes in one transaction, which takes a few milliseconds. */
const RUNS_AT_ONCE = 10_000

type SweptRun = { n: number; isPending: boolean; requestedAt: number }

/** What a database does for it, inside a transaction. */
export type SweepRows = {
  /** The last run that the sweep has passed; 0 at first. */
  findSwept: () => Awaitable<number>
  saveSwept: (n: number) => Awaitable<void>
  /** The runs behind a number, in order. Those of rejected submissions are not pending. */
  listRuns: (after: number, limit: number) => Awaitable<SweptRun[]>
  /** A run that is due already keeps its due time. */
  markOverdue: (runs: readonly { n: number; dueAt: number }[]) => Awaitable<void>
}

/** Marks runs that have been pending for long as overdue and due. Returns whether there may be more. */
export function* sweepOverdue(rows: SweepRows, now: number, overdueAfterMs: number): Work<boolean> {
  const from = yield* waitFor(rows.findSwept())
  const runs = yield* waitFor(rows.listRuns(from, RUNS_AT_ONCE))
  const overdue: { n: number; dueAt: number }[] = []
  let position = from
  for (const run of runs) {
    const decision = sweepRun(run, { now, overdueAfterMs })
    if (decision === 'stop') break
    if (decision === 'mark')
      overdue.push({ n: run.n, dueAt: Math.min(run.requestedAt + overdueAfterMs, now) })
    position = run.n
  }
  yield* waitFor(rows.markOverdue(overdue))
  if (position !== from) yield* waitFor(rows.saveSwept(position))
  return runs.length === RUNS_AT_ONCE && position === runs.at(-1)?.n
}
