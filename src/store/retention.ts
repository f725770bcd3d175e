import { isExpired, lastExpiredAt } from '../domain/decide/idempotency.ts'
import type { ClaimRow } from '../domain/decide/rows.ts'
import {
  isSubmissionNeeded,
  type RetentionCandidate,
  type RetentionPlace,
  type SubmissionUses,
  selectOld,
  selectOldBodies,
} from '../domain/retention.ts'
import { hourOf } from '../domain/stat-counters.ts'
import type { ListNumbers } from './list-pages.ts'
import { type RemovalRows, removeSubmissions } from './remove-submissions.ts'
import type { Changed, Work } from './transaction-work.ts'

/**
 * `isUploadEnd`: the body reports the end of an upload that no submission has claimed yet. Until one does, or the body is pruned, the
 * delivery's row has a copy of the event.
 */
type StoredBody = { n: number; receivedAt: number; bytes: number; isUploadEnd: boolean }

/** The database operations, inside a transaction. */
export type PruningRows = {
  findBounds: { [of in 'run' | 'delivery']: ListNumbers['findBounds'] }
  /** The bodies after the number `after` and up to `last`, in order. */
  listBodies: (after: number, last: number, limit: number) => Work<StoredBody[]>
  deleteBodies: (numbers: readonly number[]) => Work<void>
  /** Clears the copies of upload events in the rows of deliveries. */
  clearUploadEnds: (numbers: readonly number[]) => Work<void>
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
  // The events of uploads that other services made are never claimed, so their copies would stay forever.
  yield* rows.clearUploadEnds(old.flatMap(({ n, isUploadEnd }) => (isUploadEnd ? n : [])))
  const isLast = bodies.length < limit && next === bodies.at(-1)?.n
  return { pruned: old.length, next: isLast ? null : (next ?? null) }
}

/** The greatest number of a run requested, or of a delivery received, in this hour or earlier; 0 if there is none. */
function* findLastUntil(
  { findBounds }: Pick<PruningRows, 'findBounds'>,
  of: 'run' | 'delivery',
  hour: number,
): Work<number> {
  const bounds = yield* findBounds[of](Number.MIN_SAFE_INTEGER, hour)
  return bounds === undefined ? 0 : bounds.before - 1
}

/** How many rows one transaction checks, and deletes if they are old. */
const SUBMISSIONS_AT_ONCE = 50
const DELIVERIES_AT_ONCE = 200

/** `belongsToSubmission`: the delivery belongs to a submission or one of its runs, and is deleted together with the submission. */
type DeliveryCandidate = { n: number; at: number; bytes: number; belongsToSubmission: boolean }

/** The database operations, inside a transaction. */
export type RetentionRows = RemovalRows &
  Pick<PruningRows, 'findBounds'> & {
    /**
     * The submissions after a number, in order. Those up to that number that still exist were kept by earlier calls; a submission
     * of the same asset as one of them is `followsKept`.
     */
    listSubmissionsAfter: (
      after: number,
      limit: number,
    ) => Work<(Omit<RetentionCandidate, 'isNeeded'> & SubmissionUses)[]>
    /** The number of the newest submission among those of the last runs up to a number; 0 if there are none. */
    findSubmissionOfRuns: (last: number) => Work<number>
    /** The deliveries after a number, in order. */
    listDeliveriesAfter: (after: number, limit: number) => Work<DeliveryCandidate[]>
    /** Deletes them with their bodies. */
    deleteDeliveries: (numbers: readonly number[]) => Work<void>
  }

/**
 * Deletes old submissions, and then old deliveries without a submission; one call checks a limited number of rows. Adds the
 * deleted submissions and their assets to `changed`. `deleted` counts only submissions. `next` is where to continue; null at the end.
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
  const continueAt = next === undefined ? null : { table, n: next }
  if (!isOfSubmissions) {
    yield* rows.deleteDeliveries(old)
    return { deleted: 0, next: continueAt }
  }
  if (old.length > 0) yield* removeSubmissions(rows, old, changed)
  return { deleted: old.length, next: continueAt ?? { table: 'deliveries', n: 0 } }
}

function* listSubmissions(rows: RetentionRows, after: number): Work<RetentionCandidate[]> {
  const listed = yield* rows.listSubmissionsAfter(after, SUBMISSIONS_AT_ONCE)
  return listed.map((row) => ({ ...row, isNeeded: isSubmissionNeeded(row) }))
}

function* listDeliveries(rows: RetentionRows, after: number): Work<RetentionCandidate[]> {
  const listed = yield* rows.listDeliveriesAfter(after, DELIVERIES_AT_ONCE)
  return listed.map(({ belongsToSubmission, ...row }) => ({
    ...row,
    isNeeded: belongsToSubmission,
    fileId: null,
  }))
}

/** The number of the last row before the hour of `createdBefore`. Earlier rows that seem younger were dated by a wrong clock. */
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

/** The number of claims checked in one transaction. */
const CLAIMS_AT_ONCE = 500

/** The database operations, inside a transaction. */
export type IdempotencyKeyRows = {
  /** The claims made at this time or earlier, oldest first. */
  listClaims: (claimedUntil: number, limit: number) => Work<ClaimRow[]>
  deleteClaims: (scopes: readonly string[]) => Work<void>
}

/** Deletes expired idempotency keys, a limited number of them. Returns whether the next call may delete more. */
export function* deleteExpiredKeys(rows: IdempotencyKeyRows, now: number): Work<boolean> {
  const claims = yield* rows.listClaims(lastExpiredAt(now), CLAIMS_AT_ONCE)
  const expired = claims.filter((claim) => isExpired(claim, now))
  yield* rows.deleteClaims(expired.map(({ scope }) => scope))
  return claims.length === CLAIMS_AT_ONCE && expired.length > 0
}
