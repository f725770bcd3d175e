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

/** Rows checked in one transaction, and deleted if they are old. */
const SUBMISSIONS_AT_ONCE = 50
const DELIVERIES_AT_ONCE = 200

/** `isOfAnother`: it belongs to a run or a submission, and is deleted together with it. */
type OldDelivery = { n: number; at: number; bytes: number; isOfAnother: boolean }

/** The database operations, inside a transaction. */
export type RetentionRows = RemovalRows &
  Pick<PruningRows, 'findBounds'> & {
    /** The submissions after a number, in order. All of the same asset up to that number were kept. */
    listSubmissionsAfter: (
      after: number,
      limit: number,
    ) => Work<(Omit<RetainedRow, 'isNeeded'> & SubmissionUses)[]>
    /** The newest submission of the last runs up to a number; 0 if there are none. */
    findSubmissionOfRuns: (last: number) => Work<number>
    /** The deliveries after a number, in order. */
    listDeliveriesAfter: (after: number, limit: number) => Work<OldDelivery[]>
    /** Deletes them with their bodies. */
    deleteDeliveries: (numbers: readonly number[]) => Work<void>
  }

/**
 * Deletes old submissions, and then old deliveries without a submission. Adds what it changes to `changed`. `next` is where to
 * continue; null at the end.
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

/** Up to this number, some rows are hours older than rows before them, which were dated by a clock that was ahead. */
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
