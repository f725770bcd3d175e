import { and, asc, desc, eq, gt, inArray, lt, ne, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { acts } from './schema/acts.ts'
import { forgotten } from './schema/forgotten.ts'
import { refusedDeliveries as refused } from './schema/refused-deliveries.ts'
import { retries, retryItems } from './schema/retries.ts'
import { runs } from './schema/runs.ts'
import { submissions } from './schema/submissions.ts'
import { bound } from './submission-statements.ts'

const { placeholder } = sql

export function prepareOperatorStatements(db: BetterSQLite3Database) {
  return {
    insertAct: db
      .insert(acts)
      .values({
        at: placeholder('at'),
        actor: placeholder('actor'),
        kind: placeholder('kind'),
        subject: placeholder('subject'),
        reason: placeholder('reason'),
        details: placeholder('details'),
      })
      .prepare(),
    listActs: db
      .select()
      .from(acts)
      .where(lt(acts.seq, placeholder('before')))
      .orderBy(desc(acts.seq))
      .limit(placeholder('limit'))
      .prepare(),
    listActsAfter: db
      .select()
      .from(acts)
      .where(gt(acts.seq, placeholder('after')))
      .orderBy(asc(acts.seq))
      .limit(placeholder('limit'))
      .prepare(),
    listActsOf: db
      .select()
      .from(acts)
      .where(eq(acts.subject, placeholder('subject')))
      .orderBy(asc(acts.seq))
      .prepare(),
    hideSubject: db
      .update(acts)
      .set({ subject: bound('digest', acts.subject), reason: null, details: null })
      .where(eq(acts.subject, placeholder('subject')))
      .prepare(),
    rewriteAct: db
      .update(acts)
      .set({ reason: bound('reason', acts.reason), details: bound('details', acts.details) })
      .where(eq(acts.seq, placeholder('seq')))
      .prepare(),
    insertRetry: db
      .insert(retries)
      .values({ retryId: placeholder('retryId'), createdAt: placeholder('at'), actor: placeholder('actor') })
      .returning({ seq: retries.seq })
      .prepare(),
    insertRetryItem: db
      .insert(retryItems)
      .values({ retrySeq: placeholder('retrySeq'), runSeq: placeholder('runSeq'), state: 'waiting' })
      .prepare(),
    // The word stands in the statement, or SQLite could not use the partial index.
    findWaitingItem: db
      .select({ itemId: retryItems.seq, runId: runs.runId, actor: retries.actor })
      .from(retryItems)
      .innerJoin(runs, eq(runs.seq, retryItems.runSeq))
      .innerJoin(retries, eq(retries.seq, retryItems.retrySeq))
      .where(sql`${retryItems.state} = 'waiting'`)
      .orderBy(asc(retryItems.seq))
      .limit(1)
      .prepare(),
    listItemStatuses: db
      .select({ itemId: retryItems.seq, state: retryItems.state, status: runs.status })
      .from(retryItems)
      .innerJoin(retries, eq(retries.seq, retryItems.retrySeq))
      .leftJoin(runs, eq(runs.submissionSeq, retryItems.submissionSeq))
      .where(eq(retries.retryId, placeholder('retryId')))
      .prepare(),
    findRetryOfSubmission: db
      .select({ retryId: retries.retryId })
      .from(retryItems)
      .innerJoin(retries, eq(retries.seq, retryItems.retrySeq))
      .where(eq(retryItems.submissionSeq, placeholder('submissionSeq')))
      .limit(1)
      .prepare(),
    findEarlierRun: db
      .select({ runId: runs.runId })
      .from(submissions)
      .innerJoin(runs, eq(runs.submissionSeq, submissions.seq))
      .where(
        and(
          eq(submissions.fileId, placeholder('fileId')),
          lt(submissions.seq, placeholder('submissionSeq')),
          ne(submissions.state, 'rejected'),
          eq(runs.name, placeholder('name')),
        ),
      )
      .orderBy(desc(submissions.seq))
      .limit(1)
      .prepare(),
    listNotTaken: db
      .select({
        runId: runs.runId,
        name: runs.name,
        state: retryItems.state,
        reason: retryItems.reason,
      })
      .from(retryItems)
      .innerJoin(retries, eq(retries.seq, retryItems.retrySeq))
      .innerJoin(runs, eq(runs.seq, retryItems.runSeq))
      .where(
        and(
          eq(retries.retryId, placeholder('retryId')),
          inArray(retryItems.state, ['failed', 'unconfirmed']),
        ),
      )
      .orderBy(asc(retryItems.seq))
      .limit(placeholder('limit'))
      .prepare(),
    findRetry: db
      .select({ seq: retries.seq })
      .from(retries)
      .where(eq(retries.retryId, placeholder('retryId')))
      .prepare(),
    insertForgotten: db
      .insert(forgotten)
      .values({ digest: placeholder('digest'), at: placeholder('at') })
      .onConflictDoNothing()
      .prepare(),
    findForgotten: db
      .select({ at: forgotten.at })
      .from(forgotten)
      .where(eq(forgotten.digest, placeholder('digest')))
      .prepare(),
    deleteSubmission: db
      .delete(submissions)
      .where(eq(submissions.seq, placeholder('seq')))
      .prepare(),
    // The token of an address begins with the id of its submission, which no body has.
    deleteRefusedFor: db
      .delete(refused)
      .where(sql`instr(${refused.token}, ${placeholder('submissionId')}) = 1`)
      .returning({ deliveryId: refused.deliveryId })
      .prepare(),
    deleteRefusedNaming: db
      .delete(refused)
      .where(eq(refused.fileId, placeholder('fileId')))
      .returning({ deliveryId: refused.deliveryId })
      .prepare(),
  }
}
