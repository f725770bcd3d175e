import { and, asc, eq, getTableColumns, isNotNull, isNull, ne, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { compileRead, compileWrite } from './compiled-statement.ts'
import type { Connection } from './connection.ts'
import { deliveries, deliveryBodies } from './schema/deliveries.ts'
import { idempotencyKeys as claims } from './schema/idempotency-keys.ts'
import { notifications } from './schema/notifications.ts'
import { refusedDeliveries as rejected } from './schema/refused-deliveries.ts'
import { retryItems } from './schema/retries.ts'
import { currentRuns, runs } from './schema/runs.ts'
import { submissions } from './schema/submissions.ts'
import { bound } from './submission-statements.ts'

const { placeholder } = sql

/** Statements that load the rows of a batch and write them back. */
export function prepareRowStatements(db: BetterSQLite3Database, connection: Connection) {
  const { extensions, baseline, ...head } = getTableColumns(submissions)
  const details = { seq: submissions.seq, submissionId: submissions.submissionId, extensions, baseline }
  const runColumns = getTableColumns(runs)
  const run = { ...runColumns, submissionId: submissions.submissionId }
  const ofSubmission = eq(submissions.submissionId, placeholder('id'))
  const ofFile = and(eq(submissions.fileId, placeholder('id')), ne(submissions.state, 'rejected'))
  const delivery = { ...getTableColumns(deliveries), uploadAnswer: deliveryBodies.uploadAnswer }
  const claim = { ...getTableColumns(claims), submissionId: submissions.submissionId }
  const selectRuns = () =>
    db.select(run).from(runs).innerJoin(submissions, eq(submissions.seq, runs.submissionSeq))
  const selectDeliveries = () =>
    db
      .select(delivery)
      .from(deliveries)
      .leftJoin(deliveryBodies, eq(deliveryBodies.deliverySeq, deliveries.seq))
  const selectRetryItems = () =>
    db
      .select({ ...getTableColumns(retryItems), submissionId: submissions.submissionId })
      .from(retryItems)
      .leftJoin(submissions, eq(submissions.seq, retryItems.submissionSeq))
  const selectClaims = () =>
    db.select(claim).from(claims).leftJoin(submissions, eq(submissions.seq, claims.submissionSeq))
  return {
    findHead: compileRead(connection, db.select(head).from(submissions).where(ofSubmission), head),
    findDetails: compileRead(connection, db.select(details).from(submissions).where(ofSubmission), details),
    findRunByName: compileRead(
      connection,
      db
        .select(runColumns)
        .from(runs)
        .where(and(eq(runs.submissionSeq, placeholder('submissionSeq')), eq(runs.name, placeholder('name')))),
      runColumns,
    ),
    findRunById: selectRuns()
      .where(eq(runs.runId, placeholder('id')))
      .prepare(),
    // The words stand in the statement, or SQLite could not use the partial index.
    listUnsettledOfFile: selectRuns()
      .where(and(ofFile, sql`(${runs.status} = 'pending' OR ${runs.status} = 'expired')`))
      .orderBy(asc(runs.seq))
      .prepare(),
    listCurrentOfFile: selectRuns()
      .innerJoin(currentRuns, eq(currentRuns.runSeq, runs.seq))
      .where(eq(currentRuns.fileId, placeholder('id')))
      .orderBy(asc(submissions.seq), asc(runs.seq))
      .prepare(),
    findOfFileHead: db
      .select(head)
      .from(submissions)
      .where(eq(submissions.fileId, placeholder('id')))
      .limit(1)
      .prepare(),
    findUnansweredHead: db
      .select(head)
      .from(submissions)
      .where(and(eq(submissions.requestId, placeholder('id')), isNull(baseline)))
      .orderBy(asc(submissions.seq))
      .limit(1)
      .prepare(),
    listUnfinishedHeads: db
      .select(head)
      .from(submissions)
      .where(and(sql`${submissions.state} = 'submitting'`, ne(submissions.kind, 'external')))
      .orderBy(asc(submissions.seq))
      .prepare(),
    listUnclaimedOf: selectDeliveries()
      .where(
        and(
          eq(deliveries.submissionSeq, placeholder('submissionSeq')),
          eq(deliveries.service, placeholder('name')),
          eq(deliveries.cause, 'not_requested'),
        ),
      )
      .orderBy(asc(deliveries.seq))
      .prepare(),
    listEndsOf: selectDeliveries()
      .where(
        and(eq(deliveries.unclaimedRequestId, placeholder('id')), isNotNull(deliveryBodies.uploadAnswer)),
      )
      .orderBy(asc(deliveries.seq))
      .prepare(),
    // The word stands in the statement, or SQLite could not use the partial index.
    findEventDelivery: selectDeliveries()
      .where(and(eq(deliveries.eventId, placeholder('id')), sql`${deliveries.outcome} <> 'duplicate'`))
      .prepare(),
    findNotificationRow: db
      .select({ ...getTableColumns(notifications), runId: runs.runId })
      .from(notifications)
      .innerJoin(runs, eq(runs.seq, notifications.runSeq))
      .where(eq(notifications.notificationId, placeholder('id')))
      .prepare(),
    findClaim: selectClaims()
      .where(eq(claims.scope, placeholder('id')))
      .prepare(),
    listUnanswered: selectClaims().where(isNull(claims.answer)).prepare(),
    findRetryItem: selectRetryItems()
      .where(eq(retryItems.seq, placeholder('id')))
      .prepare(),
    listSubmittingItems: selectRetryItems().where(sql`${retryItems.state} = 'submitting'`).prepare(),
    findRejectedCause: db
      .select({ deliveryId: rejected.deliveryId, cause: rejected.cause })
      .from(rejected)
      .where(eq(rejected.deliveryId, placeholder('id')))
      .prepare(),
    updateDelivery: db
      .update(deliveries)
      .set({
        outcome: bound('outcome', deliveries.outcome),
        cause: bound('cause', deliveries.cause),
        submissionSeq: bound('submissionSeq', deliveries.submissionSeq),
        fileId: bound('fileId', deliveries.fileId),
        unclaimedError: bound('unclaimedError', deliveries.unclaimedError),
        unclaimedRequestId: bound('unclaimedRequestId', deliveries.unclaimedRequestId),
      })
      .where(eq(deliveries.deliveryId, placeholder('deliveryId')))
      .prepare(),
    updateNotification: db
      .update(notifications)
      .set({
        body: sql`CASE WHEN ${placeholder('dueAt')} IS NULL THEN NULL ELSE ${notifications.body} END`,
        attempt: bound('attempt', notifications.attempt),
        dueAt: bound('dueAt', notifications.dueAt),
        result: bound('result', notifications.result),
        reason: bound('reason', notifications.reason),
      })
      .where(eq(notifications.notificationId, placeholder('notificationId')))
      .prepare(),
    saveClaim: compileWrite(
      connection,
      db
        .insert(claims)
        .values({
          scope: placeholder('scope'),
          claimedAt: placeholder('claimedAt'),
          fingerprint: placeholder('fingerprint'),
          submissionSeq: placeholder('submissionSeq'),
          abandoned: placeholder('abandoned'),
          answer: placeholder('answer'),
        })
        .onConflictDoUpdate({
          target: claims.scope,
          set: {
            claimedAt: sql`excluded.claimed_at`,
            fingerprint: sql`excluded.fingerprint`,
            submissionSeq: sql`excluded.submission_seq`,
            abandoned: sql`excluded.abandoned`,
            answer: sql`excluded.answer`,
          },
        }),
    ),
    deleteClaim: db
      .delete(claims)
      .where(eq(claims.scope, placeholder('scope')))
      .prepare(),
    updateRetryItem: db
      .update(retryItems)
      .set({
        state: bound('state', retryItems.state),
        submissionSeq: bound('submissionSeq', retryItems.submissionSeq),
        reason: bound('reason', retryItems.reason),
      })
      .where(eq(retryItems.seq, placeholder('itemId')))
      .prepare(),
  }
}
