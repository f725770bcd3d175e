import { numberOf } from '../domain/ids.ts'
import { type SweptRun, selectOverdue } from '../domain/overdue.ts'
import type { Work } from './transaction-work.ts'

/** How many runs one transaction reads. */
const READ_AT_ONCE = 10_000

/** How many runs one transaction marks: few, because the webhooks of these runs wait until it ends. */
const MARKED_AT_ONCE = 1_000

/** The database operations, inside a transaction. */
export type SweepRows = {
  /** How long a transaction is expected to last at most while others commit; 0 if transactions do not overlap. */
  longestTransactionMs: number
  /** The number of the last run that the sweep has passed; 0 at first. */
  findSwept: () => Work<number>
  saveSwept: (n: number) => Work<void>
  /** The runs with greater numbers than `after`, in order. Those of rejected submissions count as not pending. */
  listRuns: (after: number, limit: number) => Work<SweptRun[]>
  /** A run that is already due keeps its due time. */
  markOverdue: (runs: readonly { n: number; dueAt: number }[]) => Work<void>
}

/**
 * Marks runs that have been pending for too long as overdue and due, in insertion order: a sweep continues where the last one
 * stopped. Returns whether there may be more runs to mark.
 */
export function* sweepOverdue(rows: SweepRows, now: number, overdueAfterMs: number): Work<boolean> {
  const from = yield* rows.findSwept()
  const runs = yield* rows.listRuns(from, READ_AT_ONCE)
  const { overdue, swept } = selectOverdue(runs, {
    now,
    overdueAfterMs,
    longestTransactionMs: rows.longestTransactionMs,
    limit: MARKED_AT_ONCE,
  })
  if (overdue.length > 0) yield* rows.markOverdue(overdue)
  if (swept !== undefined) yield* rows.saveSwept(swept)
  return overdue.length === MARKED_AT_ONCE || (runs.length === READ_AT_ONCE && swept === runs.at(-1)?.n)
}

type PendingRun = { runId: string; requestedAt: number }

export type PendingRows = {
  /** The number of the last run that the sweep has passed; 0 at first. */
  findSwept: () => Work<number>
  /** The overdue run that was inserted first. */
  findFirstOverdue: () => Work<PendingRun | undefined>
  /** The first pending run after a number. May skip runs that are overdue. */
  findPendingAfter: (n: number) => Work<PendingRun | undefined>
}

/** The pending run that was inserted first. */
export function* findOldestPending(rows: PendingRows): Work<PendingRun | undefined> {
  const overdue = yield* rows.findFirstOverdue()
  // Any run that the sweep has passed and that is still pending is overdue.
  const swept = yield* rows.findSwept()
  if (overdue !== undefined && numberOf(overdue.runId) <= swept) return overdue
  const found = yield* rows.findPendingAfter(swept)
  // The sweep may not have passed an overdue run yet: for example, one whose submission is no longer rejected is overdue at once.
  return overdue && found && numberOf(found.runId) < numberOf(overdue.runId) ? found : (overdue ?? found)
}
