import { foldDeltas, type HourBounds, MAX_DELTAS, type StatCounter } from '../domain/stat-counters.ts'
import { type Awaitable, type Work, waitFor } from './transaction-work.ts'

/** What a database does for it, inside a transaction. */
export type CounterRows = {
  /** The oldest first. */
  listDeltas: (limit: number) => Awaitable<[n: number, delta: string][]>
  /** Adds to the counters. Deletes those that come to 0. */
  addCounters: (counters: readonly StatCounter[]) => Awaitable<void>
  widenHours: (hours: readonly HourBounds[]) => Awaitable<void>
  /** Up to a number. */
  deleteDeltas: (last: number) => Awaitable<void>
}

/** Adds up the oldest counter deltas. Returns whether there may be more. */
export function* foldCounters(rows: CounterRows): Work<boolean> {
  const folded = foldDeltas(yield* waitFor(rows.listDeltas(MAX_DELTAS)))
  if (folded === null) return false
  yield* waitFor(rows.widenHours(folded.hours))
  yield* waitFor(rows.addCounters(folded.counters))
  yield* waitFor(rows.deleteDeltas(folded.last))
  return folded.isMore
}
