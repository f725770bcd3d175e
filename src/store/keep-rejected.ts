import type { NewRejectedDelivery } from '../domain/delivery.ts'
import type { NewIds } from '../domain/ids.ts'
import { selectEvicted } from '../domain/rejected-retention.ts'
import { type StatDelta, statDelta } from '../domain/stat-counters.ts'
import { type Awaitable, type Work, waitFor } from './transaction-work.ts'

/** How many are considered for eviction at once. */
const CONSIDERED = 100

export type NumberedRejection = NewRejectedDelivery & { deliveryId: string; isProven: boolean }

/** What a database does for it, inside a transaction. */
export type RejectedRows = {
  insert: (rejected: NumberedRejection) => Awaitable<void>
  appendDelta: (delta: StatDelta) => Awaitable<void>
  /** Of those with a proven token, or of the others. */
  sum: (isProven: boolean) => Awaitable<Totals>
  listOldest: (isProven: boolean, limit: number) => Awaitable<Kept[]>
  remove: (n: number) => Awaitable<void>
}

type Totals = { count: number; bytes: number }
type Kept = { n: number; keptBytes: number }

/** Stores rejected deliveries, evicts the oldest beyond the limits, and returns the ids of the new ones in order. */
export function* keepRejected(
  rows: RejectedRows,
  ids: Pick<NewIds, 'delivery'>,
  rejected: readonly NewRejectedDelivery[],
): Work<string[]> {
  // A token proves a submission.
  const numbered = rejected.map((one) => ({
    ...one,
    deliveryId: ids.delivery(),
    isProven: one.submissionId !== null,
  }))
  for (const one of numbered) yield* waitFor(rows.insert(one))
  const deliveries = numbered.map((after) => ({ before: undefined, after }))
  const delta = statDelta({ runs: [], deliveries })
  if (delta !== null) yield* waitFor(rows.appendDelta(delta))
  for (const isProven of new Set(numbered.map((one) => one.isProven))) yield* evict(rows, isProven)
  return numbered.map(({ deliveryId }) => deliveryId)
}

function* evict(rows: RejectedRows, isProven: boolean): Work<void> {
  for (;;) {
    const totals = yield* waitFor(rows.sum(isProven))
    const oldest = yield* waitFor(rows.listOldest(isProven, CONSIDERED))
    const evicted = selectEvicted(isProven ? 'proven' : 'unproven', totals, oldest)
    for (const { n } of evicted) yield* waitFor(rows.remove(n))
    if (evicted.length < CONSIDERED) return
  }
}
