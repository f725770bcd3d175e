import { and, asc, desc, eq, exists, inArray, isNotNull, isNull, lte, ne, or, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { idempotencyKeys as keys } from './schema/idempotency-keys.ts'
import { submissions } from './schema/submissions.ts'

const { placeholder } = sql

/** Enough to keep up: each claim adds one row. */
const MAX_EXPIRED_PER_CLAIM = 20

export function prepareIdempotencyStatements(db: BetterSQLite3Database) {
  const ofScope = eq(keys.scope, placeholder('scope'))
  const isOver = or(isNotNull(keys.answer), eq(keys.abandoned, true))
  const expired = db
    .select({ scope: keys.scope })
    .from(keys)
    .where(and(lte(keys.claimedAt, placeholder('expiredAt')), isOver))
    .orderBy(asc(keys.claimedAt))
    .limit(MAX_EXPIRED_PER_CLAIM)
  const notRejected = db
    .select({ seq: submissions.seq })
    .from(submissions)
    .where(and(eq(submissions.seq, keys.submissionSeq), ne(submissions.state, 'rejected')))
  return {
    findKey: db
      .select({ key: keys, submissionId: submissions.submissionId })
      .from(keys)
      .leftJoin(submissions, eq(submissions.seq, keys.submissionSeq))
      .where(ofScope)
      .prepare(),
    findNewestClaim: db
      .select({ claimedAt: keys.claimedAt })
      .from(keys)
      .orderBy(desc(keys.claimedAt))
      .limit(1)
      .prepare(),
    insertKey: db
      .insert(keys)
      .values({ scope: placeholder('scope'), claimedAt: placeholder('claimedAt'), abandoned: false })
      .prepare(),
    nameSubmission: db
      .update(keys)
      .set({
        fingerprint: sql`${placeholder('fingerprint')}`,
        submissionSeq: sql`${placeholder('submissionSeq')}`,
      })
      .where(ofScope)
      .prepare(),
    keepAnswer: db
      .update(keys)
      .set({ answer: sql`${sql.param(placeholder('answer'), keys.answer)}` })
      .where(ofScope)
      .prepare(),
    deleteKey: db.delete(keys).where(ofScope).prepare(),
    deleteUnanswered: db
      .delete(keys)
      .where(and(ofScope, isNull(keys.answer)))
      .prepare(),
    deleteExpired: db.delete(keys).where(inArray(keys.scope, expired)).prepare(),
    abandonUnanswered: db
      .update(keys)
      .set({ abandoned: true })
      .where(and(isNull(keys.answer), exists(notRejected)))
      .prepare(),
    deleteNeverSubmitted: db
      .delete(keys)
      .where(and(isNull(keys.answer), eq(keys.abandoned, false)))
      .prepare(),
  }
}
