import {
  isSubmissionNeeded,
  type RetainedRow,
  type RetentionPlace,
  type SubmissionUses,
  selectOld,
} from '../domain/retention.ts'
import { hourOf } from '../domain/stat-counters.ts'
import { findLastUntil, type PruningRows } from './prune-bodies.ts'
import { type RemovalRows, removeSubmissions } from './remove-submissions.ts'
import type { Changed, Work } from './transaction-work.ts'

/** Rows that are checked in one transaction, and deleted if they are old. */
const SUBMISSIONS_AT_ONCE = 50
const DELIVERIES_AT_ONCE = 200

/** `isOfAnother`: it belongs to a run or a submission, and is deleted with that. */
type OldDelivery = { n: number; at: number; bytes: number; isOfAnother: boolean }

/** What a database does for it, inside a transaction. */
export type RetentionRows = RemovalRows &
  Pick<PruningRows, 'findBounds'> & {
    /** The submissions behind a number, in order. Those of the same asset up to that number were kept. */
    listSubmissionsAfter: (
      after: number,
      limit: number,
    ) => Work<(Omit<RetainedRow, 'isNeeded'> & SubmissionUses)[]>
    /** The newest submission that one of the last runs up to a number belongs to; 0 without any. */
    findSubmissionOfRuns: (last: number) => Work<number>
    /** The deliveries behind a number, in order. */
    listDeliveriesAfter: (after: number, limit: number) => Work<OldDelivery[]>
    /** With their bodies. */
    deleteDeliveries: (numbers: readonly number[]) => Work<void>
  }

/**
 * Deletes old submissions, and then old deliveries of none. Adds what it changes to `changed`. `next` is where to go on; null at
 * the end.
 */
export function* deleteOldSubmissions(
  rows: RetentionRows,
  changed: Changed,
  now: number,
  createdBefore: number,
  place: RetentionPlace | null,
): Work<{ deleted: number; next: RetentionPlace | null }> {
  const { table, n: after } = place ?? { table: 'submissions', n: 0 }
  const isOfSubmissions = table === 'submissions'
  const listed = isOfSubmissions ? yield* listSubmissions(rows, after) : yield* listDeliveries(rows, after)
  const hasYoung = listed.some(({ at }) => at >= createdBefore)
  const lastOld = hasYoung ? yield* findLastOld(rows, table, createdBefore) : 0
  const { old, next } = selectOld(listed, { now, before: createdBefore, lastOld })
  const going = next === undefined ? null : { table, n: next }
  if (!isOfSubmissions) {
    yield* rows.deleteDeliveries(old)
    return { deleted: 0, next: going }
  }
  if (old.length > 0) yield* removeSubmissions(rows, old, changed)
  return { deleted: old.length, next: going ?? { table: 'deliveries', n: 0 } }
}

function* listSubmissions(rows: RetentionRows, after: number): Work<RetainedRow[]> {
  const listed = yield* rows.listSubmissionsAfter(after, SUBMISSIONS_AT_ONCE)
  return listed.map((row) => ({ ...row, isNeeded: isSubmissionNeeded(row) }))
}

function* listDeliveries(rows: RetentionRows, after: number): Work<RetainedRow[]> {
  const listed = yield* rows.listDeliveriesAfter(after, DELIVERIES_AT_ONCE)
  return listed.map(({ isOfAnother, ...row }) => ({ ...row, isNeeded: isOfAnother, fileId: null }))
}

/** Up to here some are older by hours than those before them, which a clock that was ahead has dated. */
function* findLastOld(
  rows: RetentionRows,
  table: RetentionPlace['table'],
  createdBefore: number,
): Work<number> {
  const hour = hourOf(createdBefore) - 1
  if (table === 'deliveries') return yield* findLastUntil(rows, 'delivery', hour)
  const lastRun = yield* findLastUntil(rows, 'run', hour)
  return yield* rows.findSubmissionOfRuns(lastRun)
}
