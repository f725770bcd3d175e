import {
  foldDeltas,
  type HourBounds,
  MAX_DELTAS,
  type StatCounter,
  sumByDay,
} from '../domain/stat-counters.ts'
import type { Work } from './transaction-work.ts'

/** What a database does for it, inside a transaction. */
export type CounterRows = {
  /** The oldest first. Locks them until the transaction ends. */
  listDeltas: (limit: number) => Work<[n: number, delta: string][]>
  /** Adds to the counters. Deletes those that come to 0. */
  addCounters: (counters: readonly StatCounter[]) => Work<void>
  /** Likewise, to those of days. */
  addDayCounters: (counters: readonly StatCounter[]) => Work<void>
  widenHours: (hours: readonly HourBounds[]) => Work<void>
  /** Only these: one with a lower number may be committed later. */
  deleteDeltas: (numbers: readonly number[]) => Work<void>
}

/** Adds up the oldest counter deltas. Returns whether there may be more. */
export function* foldCounters(rows: CounterRows): Work<boolean> {
  const folded = foldDeltas(yield* rows.listDeltas(MAX_DELTAS))
  if (folded === null) return false
  yield* rows.widenHours(folded.hours)
  yield* rows.addCounters(folded.counters)
  yield* rows.addDayCounters(sumByDay(folded.counters))
  yield* rows.deleteDeltas(folded.numbers)
  return folded.isMore
}
