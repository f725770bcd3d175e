import { and, asc, desc, eq, gt, inArray, isNull, lt, lte, ne, or, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { runs } from './schema/runs.ts'
import { submissions } from './schema/submissions.ts'
import { bound } from './submission-statements.ts'

const { placeholder } = sql

export function prepareFindingStatements(db: BetterSQLite3Database) {
  // The word stands in the statement, or SQLite could not use the partial index.
  const isUnsettled = sql`(${runs.status} = 'pending' OR ${runs.status} = 'expired')`
  const ofFile = db
    .select({ seq: submissions.seq })
    .from(submissions)
    .where(and(eq(submissions.fileId, placeholder('fileId')), ne(submissions.state, 'rejected')))
  return {
    listDueRuns: db
      .select({ run: runs, submission: submissions })
      .from(runs)
      .innerJoin(submissions, eq(submissions.seq, runs.submissionSeq))
      .where(and(isUnsettled, lte(runs.dueAt, placeholder('now'))))
      .orderBy(asc(runs.dueAt), asc(runs.seq))
      .limit(placeholder('limit'))
      .prepare(),
    listMisdatedRuns: db
      .select({ run: runs, submission: submissions })
      .from(runs)
      .innerJoin(submissions, eq(submissions.seq, runs.submissionSeq))
      .where(and(isUnsettled, gt(runs.dueAt, placeholder('latest'))))
      .orderBy(asc(runs.dueAt), asc(runs.seq))
      .limit(placeholder('limit'))
      .prepare(),
    listAssetSubmissions: db
      .select({ submission: submissions, run: runs })
      .from(submissions)
      .leftJoin(runs, eq(runs.submissionSeq, submissions.seq))
      .where(
        and(
          eq(submissions.fileId, placeholder('fileId')),
          gt(submissions.seq, placeholder('after')),
          lte(submissions.seq, placeholder('upTo')),
        ),
      )
      .orderBy(asc(submissions.seq), asc(runs.seq))
      .prepare(),
    listNewestSubmissions: db
      .select({ submission: submissions, run: runs })
      .from(submissions)
      .leftJoin(runs, eq(runs.submissionSeq, submissions.seq))
      .where(
        inArray(
          submissions.seq,
          db
            .select({ seq: submissions.seq })
            .from(submissions)
            .where(
              and(eq(submissions.fileId, placeholder('fileId')), lt(submissions.seq, placeholder('before'))),
            )
            .orderBy(desc(submissions.seq))
            .limit(placeholder('limit')),
        ),
      )
      .orderBy(asc(submissions.seq), asc(runs.seq))
      .prepare(),
    findRun: db
      .select({ run: runs, submission: submissions })
      .from(runs)
      .innerJoin(submissions, eq(submissions.seq, runs.submissionSeq))
      .where(eq(runs.runId, placeholder('runId')))
      .prepare(),
    moveRun: db
      .update(runs)
      .set({ dueAt: bound('dueAt', runs.dueAt) })
      .where(eq(runs.runId, placeholder('runId')))
      .prepare(),
    moveRuns: db
      .update(runs)
      .set({ dueAt: bound('dueAt', runs.dueAt) })
      .where(eq(runs.submissionSeq, placeholder('submissionSeq')))
      .prepare(),
    // What is due already keeps its place, or a file that changes often would always be the last in the queue.
    hastenRuns: db
      .update(runs)
      .set({ dueAt: bound('at', runs.dueAt) })
      .where(
        and(
          inArray(runs.submissionSeq, ofFile),
          isUnsettled,
          or(isNull(runs.dueAt), gt(runs.dueAt, placeholder('at'))),
        ),
      )
      .prepare(),
    findUnsettledOfFile: db
      .select({ seq: runs.seq })
      .from(runs)
      .where(and(inArray(runs.submissionSeq, ofFile), isUnsettled))
      .limit(1)
      .prepare(),
  }
}
