import { and, asc, desc, eq, gt, gte, isNotNull, lt, type Placeholder, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { notifications } from './schema/notifications.ts'
import { runBlocks, runs } from './schema/runs.ts'
import { submissions } from './schema/submissions.ts'
import { bound } from './submission-statements.ts'

const { placeholder } = sql

export function prepareRunListStatements(db: BetterSQLite3Database) {
  const { submissionId, fileId, fileName, kind } = submissions
  const inGroup = and(
    eq(runs.groupId, placeholder('groupId')),
    gte(runs.seq, placeholder('from')),
    lt(runs.seq, placeholder('before')),
  )
  const inTime = and(gte(runs.requestedAt, placeholder('since')), lt(runs.requestedAt, placeholder('until')))
  return {
    listGroupSeqs: db
      .select({ seq: runs.seq })
      .from(runs)
      .where(inGroup)
      .orderBy(desc(runs.seq))
      .limit(placeholder('limit'))
      .prepare(),
    listGroupSeqsWithin: db
      .select({ seq: runs.seq })
      .from(runs)
      .where(and(inGroup, inTime))
      .orderBy(desc(runs.seq))
      .limit(placeholder('limit'))
      .prepare(),
    listNamedGroupSeqs: db
      .select({ seq: runs.seq })
      .from(runs)
      .crossJoin(submissions)
      .where(
        and(
          inGroup,
          inTime,
          eq(submissions.seq, runs.submissionSeq),
          isNamed(placeholder('nameFrom'), placeholder('nameTo')),
        ),
      )
      .orderBy(desc(runs.seq))
      .limit(placeholder('limit'))
      .prepare(),
    listNamedRuns: db
      .select({ seq: runs.seq, groupId: runs.groupId })
      .from(submissions)
      .crossJoin(runs)
      .where(
        and(
          isNamed(placeholder('from'), placeholder('to')),
          eq(runs.submissionSeq, submissions.seq),
          isNotNull(runs.groupId),
          inTime,
        ),
      )
      .prepare(),
    skipNamed: db
      .select({ seq: submissions.seq })
      .from(submissions)
      .where(isNamed(placeholder('from'), placeholder('to')))
      .limit(1)
      .offset(placeholder('offset'))
      .prepare(),
    listSeqsOfRun: db
      .select({ seq: runs.seq })
      .from(runs)
      .where(eq(runs.runId, placeholder('q')))
      .prepare(),
    listSeqsOfSubmission: db
      .select({ seq: runs.seq })
      .from(submissions)
      .innerJoin(runs, eq(runs.submissionSeq, submissions.seq))
      .where(eq(submissionId, placeholder('q')))
      .prepare(),
    listSeqsOfFile: db
      .select({ seq: runs.seq })
      .from(submissions)
      .innerJoin(runs, eq(runs.submissionSeq, submissions.seq))
      .where(eq(fileId, placeholder('q')))
      .prepare(),
    listSubmissionsOfFile: db
      .select({ seq: submissions.seq })
      .from(submissions)
      .where(eq(fileId, placeholder('fileId')))
      .prepare(),
    findNewestSeq: db.select({ seq: runs.seq }).from(runs).orderBy(desc(runs.seq)).limit(1).prepare(),
    listBlocks: db
      .select({ block: runBlocks.block })
      .from(runBlocks)
      .where(
        and(gte(runBlocks.greatestAt, placeholder('since')), lt(runBlocks.leastAt, placeholder('until'))),
      )
      .orderBy(desc(runBlocks.block))
      .prepare(),
    findListedRun: db
      .select({ run: runs, submissionId, fileId, fileName, kind })
      .from(runs)
      .innerJoin(submissions, eq(submissions.seq, runs.submissionSeq))
      .where(eq(runs.seq, placeholder('seq')))
      .prepare(),
    findOldestOfGroup: db
      .select({ runId: runs.runId, seq: runs.seq, requestedAt: runs.requestedAt })
      .from(runs)
      .where(eq(runs.groupId, placeholder('groupId')))
      .orderBy(asc(runs.seq))
      .limit(1)
      .prepare(),
    listAllRuns: db
      .select({ run: runs, submissionId, state: submissions.state })
      .from(runs)
      .innerJoin(submissions, eq(submissions.seq, runs.submissionSeq))
      .where(gt(runs.seq, placeholder('after')))
      .orderBy(asc(runs.seq))
      .limit(placeholder('limit'))
      .prepare(),
    groupRun: db
      .update(runs)
      .set({ groupId: bound('groupId', runs.groupId) })
      .where(eq(runs.seq, placeholder('seq')))
      .prepare(),
    findNotification: db
      .select({
        createdAt: notifications.createdAt,
        attempt: notifications.attempt,
        result: notifications.result,
        reason: notifications.reason,
      })
      .from(notifications)
      .where(eq(notifications.runSeq, placeholder('runSeq')))
      .prepare(),
  }
}

/** Whether a file's name is between these, with A to Z as a to z. */
function isNamed(from: Placeholder, to: Placeholder) {
  const { fileName } = submissions
  return sql`${fileName} COLLATE NOCASE >= ${from} AND ${fileName} COLLATE NOCASE < ${to}`
}
