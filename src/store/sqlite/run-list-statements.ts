import { and, asc, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { notifications } from './schema/notifications.ts'
import { runBlocks, runs, tallies } from './schema/runs.ts'
import { submissions } from './schema/submissions.ts'
import { bound } from './submission-statements.ts'

const { placeholder } = sql

export function prepareRunListStatements(db: BetterSQLite3Database) {
  const { submissionId, fileId, fileName, kind } = submissions
  return {
    listGroupSeqs: db
      .select({ seq: runs.seq })
      .from(runs)
      .where(
        and(
          eq(runs.groupId, placeholder('groupId')),
          gte(runs.seq, placeholder('from')),
          lt(runs.seq, placeholder('before')),
        ),
      )
      .orderBy(desc(runs.seq))
      .limit(placeholder('limit'))
      .prepare(),
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
    listNamed: db
      .select({ seq: submissions.seq })
      .from(submissions)
      .where(
        sql`${fileName} COLLATE NOCASE >= ${placeholder('from')} AND ${fileName} COLLATE NOCASE < ${placeholder('to')}`,
      )
      .limit(placeholder('limit'))
      .prepare(),
    findOldestOfGroup: db
      .select({ runId: runs.runId, seq: runs.seq, requestedAt: runs.requestedAt })
      .from(runs)
      .where(eq(runs.groupId, placeholder('groupId')))
      .orderBy(asc(runs.seq))
      .limit(1)
      .prepare(),
    listAllRuns: db.select({ seq: runs.seq }).from(runs).orderBy(asc(runs.seq)).prepare(),
    groupRun: db
      .update(runs)
      .set({ groupId: bound('groupId', runs.groupId) })
      .where(eq(runs.seq, placeholder('seq')))
      .prepare(),
    listTallies: db
      .select()
      .from(tallies)
      .where(gte(tallies.hour, placeholder('sinceHour')))
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
