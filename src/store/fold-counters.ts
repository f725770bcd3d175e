import {
  foldDeltas,
  type HourBounds,
  MAX_DELTAS,
  type StatCounter,
  sumByDay,
} from '../domain/stat-counters.ts'
import type { Work } from './transaction-work.ts'

/** The database operations, inside a transaction. */
export type CounterRows = {
  /** Lists deltas, oldest first, each a `StatDelta` as JSON, and locks them until the transaction ends. */
  listDeltas: (limit: number) => Work<[n: number, delta: string][]>
  /** Adds to the counters of hours and to those of the present runs (`NOW`). Deletes those that become 0. */
  addCounters: (counters: readonly StatCounter[]) => Work<void>
  /** Adds to the counters of days. Deletes those that become 0. */
  addDayCounters: (counters: readonly StatCounter[]) => Work<void>
  /** Extends the stored ranges of row numbers of these hours. */
  widenHours: (hours: readonly HourBounds[]) => Work<void>
  /** Deletes only these numbers: a delta with a lower number may be committed later. */
  deleteDeltas: (numbers: readonly number[]) => Work<void>
}

/**
 * Adds the oldest deltas to the counters, and deletes them. A delta is what one transaction adds to the counters. Returns whether
 * there may be more deltas.
 */
export function* foldCounters(rows: CounterRows): Work<boolean> {
  const folded = foldDeltas(yield* rows.listDeltas(MAX_DELTAS))
  if (folded === null) return false
  yield* rows.widenHours(folded.hours)
  yield* rows.addCounters(folded.counters)
  yield* rows.addDayCounters(sumByDay(folded.counters))
  yield* rows.deleteDeltas(folded.numbers)
  return folded.isMore
}
