import { and, asc, desc, eq, gt, inArray, lt, lte, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { runs } from './schema/runs.ts'
import { submissions } from './schema/submissions.ts'

const { placeholder } = sql

export function prepareFindingStatements(db: BetterSQLite3Database) {
  // The word stands in the statement, or SQLite could not use the partial index.
  const isUnsettled = sql`(${runs.status} = 'pending' OR ${runs.status} = 'expired')`
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
  }
}
