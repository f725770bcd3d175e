import type { SweepRows } from '../overdue-sweep.ts'
import type { IdempotencyKeyRows, PruningRows, RetentionRows } from '../retention.ts'
import { waitFor } from '../transaction-work.ts'
import { isPending } from './codes.ts'
import { CLAIM, type ClaimCells, toClaim } from './find-rows.ts'
import { createFindBounds } from './list-rows.ts'
import { createFindSwept } from './list-runs.ts'
import { createRemovalRows } from './removal.ts'
import type { Statements } from './statements.ts'

/** A boolean as the database returns it: a number with SQLite. */
type Truth = number | boolean
type SweptCells = [n: number, isPending: Truth, isOverdue: Truth, requestedAt: number]
/**
 * A submission or a delivery that may be old. `bytes`: the size of its bodies. `fileId`: null for a delivery. `uses`: whether it
 * is still needed, for each possible reason.
 */
type OldCells = [n: number, at: number, bytes: number, fileId: string | null, ...uses: Truth[]]

/** The reads and writes of maintenance jobs, which handle many rows. */
export function createMaintenanceRows(
  statements: Statements,
): SweepRows & PruningRows & RetentionRows & IdempotencyKeyRows {
  const { rows, value, run, inNumbers, inTexts, givenRows, sameDay, bodiesOf } = statements
  const listRuns = rows<SweptCells>(
    `SELECT n, ${isPending()}, overdue IS NOT NULL, requested_at FROM runs WHERE n > ? ORDER BY n LIMIT ?`,
  )
  // A run that has settled, expired or been hidden since it was read stays unchanged. The WHERE clause doesn't exclude such runs,
  // because the condition would make PostgreSQL scan the table.
  const ifPending = (value: string) => `CASE WHEN ${isPending('runs.')} THEN ${value}`
  const markOverdue = run(
    `UPDATE runs SET overdue = ${ifPending('1')} END,
        due_at = ${ifPending('coalesce(due_at, CAST(given.c2 AS BIGINT))')} ELSE due_at END
      FROM (${givenRows(2)}) AS given WHERE runs.n = CAST(given.c1 AS BIGINT)`,
  )
  const listBodies = rows<[n: number, receivedAt: number, bytes: number, isUploadEnd: Truth]>(
    `SELECT b.n, d.received_at, length(b.body), d.request_id IS NOT NULL FROM delivery_bodies b JOIN deliveries d ON d.n = b.n${sameDay('b', 'd')}
      WHERE b.n > ? AND b.n <= ? ORDER BY b.n LIMIT ?`,
  )
  const clearUploadEnds = run(
    `UPDATE deliveries SET request_id = NULL, unclaimed = NULL WHERE n ${inNumbers}`,
  )
  const listSubmissions = rows<OldCells>(
    `SELECT n, created_at,
        (SELECT coalesce(sum(length(body)), 0) FROM delivery_bodies WHERE ${bodiesOf(`n IN (
          SELECT settled_by FROM runs WHERE submission = s.n UNION ALL SELECT n FROM deliveries WHERE submission = s.n)`)}),
        file_id, owner IS NOT NULL, EXISTS (SELECT 1 FROM runs r WHERE r.submission = s.n AND ${isPending('r.')}),
        EXISTS (SELECT 1 FROM runs r JOIN notifications USING (n) WHERE r.submission = s.n AND notifications.due_at IS NOT NULL),
        EXISTS (SELECT 1 FROM submissions WHERE file_id = s.file_id AND n <= ?)
      FROM submissions s WHERE n > ? ORDER BY n LIMIT ?`,
  )
  // Looks at the last 100 of these runs: the very last may not belong to the newest submission, because a run that is added to an
  // older submission later has a higher number.
  const findSubmissionOfRuns = value<number | null>(
    'SELECT max(submission) FROM (SELECT submission FROM runs WHERE n <= ? ORDER BY n DESC LIMIT 100) AS newest',
  )
  const listDeliveries = rows<OldCells>(
    `SELECT d.n, d.received_at, coalesce(length(b.body), 0), NULL, d.run IS NOT NULL OR d.submission IS NOT NULL
      FROM deliveries d LEFT JOIN delivery_bodies b ON b.n = d.n${sameDay('b', 'd')} WHERE d.n > ? ORDER BY d.n LIMIT ?`,
  )
  const saveSwept = run(
    `INSERT INTO metadata (name, value) VALUES ('sweep', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  )
  const listClaims = rows<ClaimCells>(`${CLAIM} k.claimed_at <= ? ORDER BY k.claimed_at LIMIT ?`)
  const deleteClaims = run(`DELETE FROM idempotency_keys WHERE scope ${inTexts}`)

  return {
    ...createRemovalRows(statements),
    longestTransactionMs: statements.longestTransactionMs,
    findSwept: createFindSwept(statements),
    saveSwept: (n) => waitFor(saveSwept(n)),
    *listRuns(after, limit) {
      const found = yield* waitFor(listRuns(after, limit))
      return found.map(([n, isPending, isOverdue, requestedAt]) => ({
        n,
        isPending: Boolean(isPending),
        isOverdue: Boolean(isOverdue),
        requestedAt,
      }))
    },
    markOverdue: (overdue) => waitFor(markOverdue(JSON.stringify(overdue.map(({ n, dueAt }) => [n, dueAt])))),
    findBounds: {
      run: createFindBounds(statements, 'run'),
      delivery: createFindBounds(statements, 'delivery'),
    },
    *listBodies(after, last, limit) {
      const found = yield* waitFor(listBodies(after, last, limit))
      return found.map(([n, receivedAt, bytes, isUploadEnd]) => ({
        n,
        receivedAt,
        bytes,
        isUploadEnd: Boolean(isUploadEnd),
      }))
    },
    clearUploadEnds: (numbers) => waitFor(clearUploadEnds(JSON.stringify(numbers))),
    *listSubmissionsAfter(after, limit) {
      const found = yield* waitFor(listSubmissions(after, after, limit))
      return found.map(([n, at, bytes, fileId, owned, pending, due, older]) => ({
        n,
        at,
        bytes,
        fileId,
        isBeingSubmitted: Boolean(owned),
        hasPendingRun: Boolean(pending),
        hasOpenNotification: Boolean(due),
        followsKept: Boolean(older),
      }))
    },
    *findSubmissionOfRuns(last) {
      return (yield* waitFor(findSubmissionOfRuns(last))) ?? 0
    },
    *listDeliveriesAfter(after, limit) {
      const found = yield* waitFor(listDeliveries(after, limit))
      return found.map(([n, at, bytes, , belongsToSubmission]) => ({
        n,
        at,
        bytes,
        belongsToSubmission: Boolean(belongsToSubmission),
      }))
    },
    *listClaims(claimedUntil, limit) {
      return (yield* waitFor(listClaims(claimedUntil, limit))).map(toClaim)
    },
    deleteClaims: (scopes) => waitFor(deleteClaims(JSON.stringify(scopes))),
  }
}
