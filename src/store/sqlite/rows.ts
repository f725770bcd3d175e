import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import type { runs } from './schema/runs.ts'
import type { submissions } from './schema/submissions.ts'

type SubmissionRow = typeof submissions.$inferSelect
type RunRow = typeof runs.$inferSelect

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
