import type { Finding } from '../../domain/finding.ts'
import { type Observation, observe } from '../../domain/observe.ts'
import { isFinal } from '../../domain/run.ts'
import { oweNotifications } from './notification-steps.ts'
import { toRun, toSubmission } from './rows.ts'
import { saveChange, type Writer } from './stored-submission.ts'

export function applyFinding(
  writer: Writer,
  runId: string,
  finding: Finding,
  at: number,
): { applied: boolean; fileId: string | null } {
  const { statements } = writer
  const row = statements.findRun.get({ runId })
  // Without a due time its submission is rejected, or it expired and its file has not changed since: nothing is in question.
  if (row === undefined || isFinal(row.run.status) || row.run.dueAt === null)
    return { applied: false, fileId: null }
  if (finding.kind === 'nothing') {
    statements.moveRun.run({ runId, dueAt: finding.dueAt })
    return { applied: true, fileId: null }
  }
  const submission = toSubmission(row.submission)
  const run = toRun(row.run, submission.submissionId)
  const { seq } = row.submission
  const stored = { seq, dueAt: row.run.dueAt, submission, runs: [run], places: [row.run] }
  const change = { submission, runs: [observe(run, observationOf(finding), at).run], goneRunId: null }
  saveChange(writer, stored, change, at)
  if (finding.kind !== 'evidence') statements.moveRun.run({ runId, dueAt: null })
  oweNotifications(writer, stored, change, at, () => noticeOf(finding))
  return { applied: true, fileId: submission.fileId }
}

function observationOf(finding: Exclude<Finding, { kind: 'nothing' }>): Observation {
  switch (finding.kind) {
    case 'evidence':
      return { source: 'reconcile', status: 'success', evidence: finding.evidence }
    case 'asset_gone':
    case 'no_word':
      return { source: 'expiry', reason: finding.kind }
  }
}

function noticeOf(finding: Finding): string | undefined {
  return finding.kind === 'evidence' ? finding.notice : undefined
}
