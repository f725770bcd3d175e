import { selectOldBodies } from '../domain/retention.ts'
import { hourOf } from '../domain/stat-counters.ts'
import type { ListNumbers } from './read-list.ts'
import type { Work } from './transaction-work.ts'

/** `isEnd`: its row still says what the body of an upload event says. */
type StoredBody = { n: number; receivedAt: number; bytes: number; isEnd: boolean }

/** What a database does for it, inside a transaction. */
export type PruningRows = {
  findBounds: { [of in 'run' | 'delivery']: ListNumbers['findBounds'] }
  /** The bodies behind a number and up to another, in order. */
  listBodies: (after: number, last: number, limit: number) => Work<StoredBody[]>
  deleteBodies: (numbers: readonly number[]) => Work<void>
  /** Deletes what the rows of upload events say of their bodies. */
  deleteEnds: (numbers: readonly number[]) => Work<void>
}

/** Deletes the bodies of old deliveries. `next` is where to go on; null at the end. */
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
  // Uploads that this service did not make are never claimed.
  yield* rows.deleteEnds(old.flatMap(({ n, isEnd }) => (isEnd ? n : [])))
  const isEnd = bodies.length < limit && next === bodies.at(-1)?.n
  return { pruned: old.length, next: isEnd ? null : (next ?? null) }
}

/** The greatest number of the runs requested, or the deliveries received, up to an hour; 0 without any. */
export function* findLastUntil(
  { findBounds }: Pick<PruningRows, 'findBounds'>,
  of: 'run' | 'delivery',
  hour: number,
): Work<number> {
  const bounds = yield* findBounds[of](Number.MIN_SAFE_INTEGER, hour)
  return bounds === undefined ? 0 : bounds.before - 1
}
