import { numberOf } from '../domain/ids.ts'
import type { Work } from './transaction-work.ts'

type PendingRun = { runId: string; requestedAt: number }

export type PendingRows = {
  /** The last run that the sweep has passed; 0 at first. */
  findSwept: () => Work<number>
  findFirstOverdue: () => Work<PendingRun | undefined>
  /** The first pending run after a number, overdue or not. */
  findPendingAfter: (n: number) => Work<PendingRun | undefined>
}

/** The pending run that was inserted first. */
export function* findOldestPending(rows: PendingRows): Work<PendingRun | undefined> {
  const overdue = yield* rows.findFirstOverdue()
  // Any run that the sweep has passed and that is still pending is overdue.
  const swept = yield* rows.findSwept()
  if (overdue !== undefined && numberOf(overdue.runId) <= swept) return overdue
  const found = yield* rows.findPendingAfter(swept)
  // A run whose submission is no longer rejected is overdue at once, although the sweep may not have passed it.
  return overdue && found && numberOf(found.runId) < numberOf(overdue.runId) ? found : (overdue ?? found)
}
