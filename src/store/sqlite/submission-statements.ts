import { and, asc, desc, eq, getTableColumns, ne, or, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { compileRead, compileWrite } from './compiled-statement.ts'
import type { Connection } from './connection.ts'
import { currentRuns, runs } from './schema/runs.ts'
import { submissions } from './schema/submissions.ts'

const { placeholder } = sql

/** Statements over submissions and runs, prepared once: a query that drizzle builds anew costs three times as much. */
export function prepareSubmissionStatements(db: BetterSQLite3Database, connection: Connection) {
  const insertSubmission = db.insert(submissions).values({
    seq: placeholder('seq'),
    submissionId: placeholder('submissionId'),
    kind: placeholder('kind'),
    state: placeholder('state'),
    fileId: placeholder('fileId'),
    fileName: placeholder('fileName'),
    extensions: placeholder('extensions'),
    callerWebhookUrl: placeholder('callerWebhookUrl'),
    keyName: placeholder('keyName'),
    requestId: placeholder('requestId'),
    error: placeholder('error'),
    baseline: placeholder('baseline'),
    setsDescription: placeholder('setsDescription'),
    createdAt: placeholder('createdAt'),
    updatedAt: placeholder('updatedAt'),
    answeredAt: placeholder('answeredAt'),
  })
  const { submissionId, updatedAt } = submissions
  const runColumns = getTableColumns(runs)
  const assetRun = { submissionId, recordedAt: updatedAt, ...runColumns }
  const counts = and(eq(submissions.fileId, placeholder('fileId')), ne(submissions.state, 'rejected'))
  return {
    insertSubmission: compileWrite(connection, insertSubmission),
    updateSubmission: compileWrite(
      connection,
      db
        .update(submissions)
        .set({
          state: bound('state', submissions.state),
          fileId: bound('fileId', submissions.fileId),
          fileName: bound('fileName', submissions.fileName),
          requestId: bound('requestId', submissions.requestId),
          error: bound('error', submissions.error),
          updatedAt: bound('updatedAt', submissions.updatedAt),
          answeredAt: bound('answeredAt', submissions.answeredAt),
        })
        .where(eq(submissions.seq, placeholder('seq'))),
    ),
    // Without the columns of indexes: SQLite rewrites the entries of each index that has a column in the statement.
    updateState: compileWrite(
      connection,
      db
        .update(submissions)
        .set({
          state: bound('state', submissions.state),
          error: bound('error', submissions.error),
          updatedAt: bound('updatedAt', submissions.updatedAt),
          answeredAt: bound('answeredAt', submissions.answeredAt),
        })
        .where(eq(submissions.seq, placeholder('seq'))),
    ),
    saveBaseline: compileWrite(
      connection,
      db
        .update(submissions)
        .set({ baseline: bound('baseline', submissions.baseline) })
        .where(eq(submissions.seq, placeholder('seq'))),
    ),
    findSubmission: compileRead(
      connection,
      db
        .select()
        .from(submissions)
        .where(eq(submissions.submissionId, placeholder('submissionId'))),
      getTableColumns(submissions),
    ),
    insertRun: compileWrite(
      connection,
      db.insert(runs).values({
        seq: placeholder('seq'),
        runId: placeholder('runId'),
        submissionSeq: placeholder('submissionSeq'),
        name: placeholder('name'),
        requestedAs: placeholder('requestedAs'),
        status: placeholder('status'),
        source: placeholder('source'),
        attempt: placeholder('attempt'),
        requestedAt: placeholder('requestedAt'),
        settledAt: placeholder('settledAt'),
        updatedAt: placeholder('updatedAt'),
        dueAt: placeholder('dueAt'),
        error: placeholder('error'),
        evidence: placeholder('evidence'),
        contradicted: placeholder('contradicted'),
        acknowledgedAt: placeholder('acknowledgedAt'),
        groupId: placeholder('groupId'),
      }),
    ),
    updateRun: compileWrite(
      connection,
      db
        .update(runs)
        .set({
          status: bound('status', runs.status),
          source: bound('source', runs.source),
          settledAt: bound('settledAt', runs.settledAt),
          updatedAt: bound('updatedAt', runs.updatedAt),
          dueAt: bound('dueAt', runs.dueAt),
          error: bound('error', runs.error),
          evidence: bound('evidence', runs.evidence),
          contradicted: bound('contradicted', runs.contradicted),
          acknowledgedAt: bound('acknowledgedAt', runs.acknowledgedAt),
          groupId: bound('groupId', runs.groupId),
        })
        .where(eq(runs.seq, placeholder('seq'))),
    ),
    deleteRun: db
      .delete(runs)
      .where(eq(runs.runId, placeholder('runId')))
      .prepare(),
    listRuns: compileRead(
      connection,
      db
        .select()
        .from(runs)
        .where(eq(runs.submissionSeq, placeholder('submissionSeq')))
        .orderBy(asc(runs.seq)),
      runColumns,
    ),
    listCurrentRuns: compileRead(
      connection,
      db
        .select(assetRun)
        .from(currentRuns)
        .innerJoin(runs, eq(runs.seq, currentRuns.runSeq))
        .innerJoin(submissions, eq(submissions.seq, runs.submissionSeq))
        .where(eq(currentRuns.fileId, placeholder('fileId')))
        .orderBy(asc(submissions.seq), asc(runs.seq)),
      assetRun,
    ),
    findNewestOfFile: db
      .select({ updatedAt })
      .from(submissions)
      .where(counts)
      .orderBy(desc(submissions.seq))
      .limit(1)
      .prepare(),
    // It speaks for the placeholder that it was asked for as, too: see `describeAsset`.
    findNewestAsking: db
      .select({ seq: submissions.seq })
      .from(submissions)
      .innerJoin(runs, eq(runs.submissionSeq, submissions.seq))
      .where(and(counts, or(eq(runs.name, placeholder('name')), eq(runs.requestedAs, placeholder('name')))))
      .orderBy(desc(submissions.seq))
      .limit(1)
      .prepare(),
    findRunNamed: db
      .select({ seq: runs.seq })
      .from(runs)
      .where(and(eq(runs.submissionSeq, placeholder('submissionSeq')), eq(runs.name, placeholder('name'))))
      .prepare(),
    saveCurrentRun: db
      .insert(currentRuns)
      .values({ fileId: placeholder('fileId'), name: placeholder('name'), runSeq: placeholder('runSeq') })
      .onConflictDoUpdate({
        target: [currentRuns.fileId, currentRuns.name],
        set: { runSeq: excluded(currentRuns.runSeq) },
      })
      .prepare(),
    deleteCurrentRun: db
      .delete(currentRuns)
      .where(and(eq(currentRuns.fileId, placeholder('fileId')), eq(currentRuns.name, placeholder('name'))))
      .prepare(),
    deleteCurrentRuns: db
      .delete(currentRuns)
      .where(eq(currentRuns.fileId, placeholder('fileId')))
      .prepare(),
  }
}

/** A value of an update, bound as its column writes it. */
export function bound(name: string, column: SQLiteColumn) {
  return sql`${sql.param(placeholder(name), column)}`
}

export function excluded(column: SQLiteColumn) {
  return sql.raw(`excluded."${column.name}"`)
}
