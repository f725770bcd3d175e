import type { NewRejectedDelivery } from '../domain/delivery.ts'
import type { NewIds } from '../domain/ids.ts'
import { selectEvicted } from '../domain/rejected-retention.ts'
import { type StatDelta, statDelta } from '../domain/stat-counters.ts'
import type { Work } from './transaction-work.ts'

/** How many are checked for eviction at once. */
const CHECKED_AT_ONCE = 100

export type NumberedRejection = NewRejectedDelivery & { deliveryId: string; isProven: boolean }

/** The database operations, inside a transaction. */
export type RejectedRows = {
  insert: (rejected: NumberedRejection) => Work<void>
  appendDelta: (delta: StatDelta) => Work<void>
  /** The totals of those with a proven token, or of the others. */
  sum: (isProven: boolean) => Work<Totals>
  listOldest: (isProven: boolean, limit: number) => Work<Kept[]>
  remove: (n: number) => Work<void>
}

type Totals = { count: number; bytes: number }
type Kept = { n: number; storedBytes: number }

/** Stores rejected deliveries, evicts the oldest beyond the limits, and returns the ids of the new ones in order. */
export function* keepRejected(
  rows: RejectedRows,
  ids: Pick<NewIds, 'delivery'>,
  rejected: readonly NewRejectedDelivery[],
): Work<string[]> {
  // Only a proven token names a submission.
  const numbered = rejected.map((one) => ({
    ...one,
    deliveryId: ids.delivery(),
    isProven: one.submissionId !== null,
  }))
  for (const one of numbered) yield* rows.insert(one)
  const deliveries = numbered.map((after) => ({ before: undefined, after }))
  const delta = statDelta({ runs: [], deliveries })
  if (delta !== null) yield* rows.appendDelta(delta)
  for (const isProven of new Set(numbered.map((one) => one.isProven))) yield* evict(rows, isProven)
  return numbered.map(({ deliveryId }) => deliveryId)
}

function* evict(rows: RejectedRows, isProven: boolean): Work<void> {
  for (;;) {
    const totals = yield* rows.sum(isProven)
    const oldest = yield* rows.listOldest(isProven, CHECKED_AT_ONCE)
    const evicted = selectEvicted(isProven ? 'proven' : 'unproven', totals, oldest)
    for (const { n } of evicted) yield* rows.remove(n)
    if (evicted.length < CHECKED_AT_ONCE) return
  }
}
