import type { NewRejectedDelivery } from '../domain/delivery.ts'
import type { NewIds } from '../domain/ids.ts'
import { selectEvicted } from '../domain/rejected-retention.ts'
import { type StatDelta, statDelta } from '../domain/stat-counters.ts'
import type { Work } from './transaction-work.ts'

/** How many stored rejections are checked for eviction at once. */
const CHECKED_AT_ONCE = 100

/** `hasValidToken`: the token in the path of the delivery is valid, so it names the delivery's submission. */
export type IdentifiedRejection = NewRejectedDelivery & { deliveryId: string; hasValidToken: boolean }

/** The database operations, inside a transaction. */
export type RejectionRows = {
  insert: (rejected: IdentifiedRejection) => Work<void>
  appendDelta: (delta: StatDelta) => Work<void>
  /** The totals of the stored deliveries with a valid token, or of those without. */
  sum: (hasValidToken: boolean) => Work<Totals>
  listOldest: (hasValidToken: boolean, limit: number) => Work<StoredRejection[]>
  remove: (n: number) => Work<void>
}

type Totals = { count: number; bytes: number }
type StoredRejection = { n: number; storedBytes: number }

/** Stores rejected deliveries, evicts the oldest beyond the limits, and returns the ids of the new ones in order. */
export function* keepRejected(
  rows: RejectionRows,
  ids: Pick<NewIds, 'delivery'>,
  rejected: readonly NewRejectedDelivery[],
): Work<string[]> {
  // Only a delivery with a valid token has the id of a submission.
  const identified = rejected.map((one) => ({
    ...one,
    deliveryId: ids.delivery(),
    hasValidToken: one.submissionId !== null,
  }))
  for (const one of identified) yield* rows.insert(one)
  const deliveries = identified.map((after) => ({ before: undefined, after }))
  const delta = statDelta({ runs: [], deliveries })
  if (delta !== null) yield* rows.appendDelta(delta)
  for (const hasValidToken of new Set(identified.map((one) => one.hasValidToken)))
    yield* evict(rows, hasValidToken)
  return identified.map(({ deliveryId }) => deliveryId)
}

function* evict(rows: RejectionRows, hasValidToken: boolean): Work<void> {
  for (;;) {
    const totals = yield* rows.sum(hasValidToken)
    const oldest = yield* rows.listOldest(hasValidToken, CHECKED_AT_ONCE)
    const evicted = selectEvicted(hasValidToken ? 'proven' : 'unproven', totals, oldest)
    for (const { n } of evicted) yield* rows.remove(n)
    if (evicted.length < CHECKED_AT_ONCE) return
  }
}
