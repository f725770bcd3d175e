import { selectOldBodies } from '../domain/retention.ts'
import { hourOf } from '../domain/stat-counters.ts'
import type { ListNumbers } from './read-list.ts'
import type { Work } from './transaction-work.ts'

/** `isEnd`: its row repeats the content of an upload event's body. */
type StoredBody = { n: number; receivedAt: number; bytes: number; isEnd: boolean }

/** The database operations, inside a transaction. */
export type PruningRows = {
  findBounds: { [of in 'run' | 'delivery']: ListNumbers['findBounds'] }
  /** The bodies after one number and up to another, in order. */
  listBodies: (after: number, last: number, limit: number) => Work<StoredBody[]>
  deleteBodies: (numbers: readonly number[]) => Work<void>
  /** Clears the copies of upload events in the rows of deliveries. */
  deleteEnds: (numbers: readonly number[]) => Work<void>
}

/** Deletes the bodies of old deliveries. `next` is where to continue; null at the end. */
export function* pruneBodies(
  rows: PruningRows,
  receivedBefore: number,
  limit: number,
  after: number | null,
): Work<{ pruned: number; next: number | null }> {
  const last = yield* findLastUntil(rows, 'delivery', hourOf(receivedBefore))
  const bodies = yield* rows.listBodies(after ?? 0, last, limit)
  const { old, next } = selectOldBodies(bodies, receivedBefore)
  yield* rows.deleteBodies(old.map(({ n }) => n))
  // Upload events of other services are never claimed.
  yield* rows.deleteEnds(old.flatMap(({ n, isEnd }) => (isEnd ? n : [])))
  const isEnd = bodies.length < limit && next === bodies.at(-1)?.n
  return { pruned: old.length, next: isEnd ? null : (next ?? null) }
}

/** The greatest number of the runs requested, or deliveries received, up to an hour; 0 if there are none. */
export function* findLastUntil(
  { findBounds }: Pick<PruningRows, 'findBounds'>,
  of: 'run' | 'delivery',
  hour: number,
): Work<number> {
  const bounds = yield* findBounds[of](Number.MIN_SAFE_INTEGER, hour)
  return bounds === undefined ? 0 : bounds.before - 1
}
