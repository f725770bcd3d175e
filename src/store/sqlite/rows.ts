import type { JudgedSubmission } from '../../domain/judge-delivery.ts'
import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import type { runs } from './schema/runs.ts'
import type { submissions } from './schema/submissions.ts'

type SubmissionRow = typeof submissions.$inferSelect
export type RunRow = typeof runs.$inferSelect

export function toSubmission(row: SubmissionRow): Submission {
  return {
    submissionId: row.submissionId,
    kind: row.kind,
    state: row.state,
    fileId: row.fileId,
    fileName: row.fileName,
    extensions: row.extensions,
    callerWebhookUrl: row.callerWebhookUrl,
    keyName: row.keyName,
    requestId: row.requestId,
    error: row.error,
    baseline: row.baseline,
    setsDescription: row.setsDescription,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }
}

/** Of a row that holds a run and what is asked of its submission. */
export function toJudged(
  row: Pick<SubmissionRow, 'state' | 'fileId' | 'extensions' | 'callerWebhookUrl' | 'createdAt'> & {
    submissionError: SubmissionRow['error']
    submissionUpdatedAt: number
  },
  submissionId: string,
): JudgedSubmission {
  return {
    submissionId,
    state: row.state,
    fileId: row.fileId,
    extensions: row.extensions,
    callerWebhookUrl: row.callerWebhookUrl,
    error: row.submissionError,
    createdAt: row.createdAt,
    updatedAt: row.submissionUpdatedAt,
  }
}

export function toRun(row: RunRow, submissionId: string): Run {
  return {
    runId: row.runId,
    submissionId,
    name: row.name,
    requestedAs: row.requestedAs,
    status: row.status,
    source: row.source,
    attempt: row.attempt,
    requestedAt: row.requestedAt,
    settledAt: row.settledAt,
    updatedAt: row.updatedAt,
    error: row.error,
    evidence: row.evidence,
    contradicted: row.contradicted,
    acknowledgedAt: row.acknowledgedAt,
  }
}

export function toRunValues(
  run: Run,
  place: Pick<RunRow, 'submissionSeq' | 'dueAt' | 'groupId'>,
): Omit<RunRow, 'seq'> {
  return { ...run, ...place }
}
