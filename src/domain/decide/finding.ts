import type { Finding } from '../finding.ts'
import { owesNotification } from '../notification.ts'
import { type Observation, observe } from '../observe.ts'
import { isFinal } from '../run.ts'
import type { Step } from './step.ts'
import { notificationOf, withPlace } from './submission-state.ts'

/** Applies what the reconciler found out about a run, if that is still in question. `fileId` is the asset whose status has changed. */
export function applyFinding(
  runId: string,
  finding: Finding,
  at: number,
): Step<{ applied: boolean; fileId: string | null }> {
  return {
    keys: [['runs', runId]],
    more(facts) {
      const run = facts.find('runs', runId)
      return run ? [['submissions', run.submissionId]] : []
    },
    decide(facts) {
      const run = facts.find('runs', runId)
      const submission = run && facts.find('submissions', run.submissionId)
      // Without a due time its submission is rejected, or it expired and its file has not changed since: nothing is in question.
      if (run === undefined || submission === undefined || isFinal(run.status) || run.dueAt === null)
        return { result: { applied: false, fileId: null }, changes: {} }
      if (finding.kind === 'unchanged') {
        const { dueAt } = finding
        return {
          result: { applied: true, fileId: null },
          changes: { update: { runs: [{ ...run, dueAt }] } },
        }
      }
      const observed = observe(run, observationOf(finding), at).run
      const notice = finding.kind === 'evidence' ? finding.notice : undefined
      const body = owesNotification(submission, run, observed) ? notice : undefined
      const notification = notificationOf(submission.callerWebhookUrl, run, body, at)
      return {
        result: { applied: true, fileId: submission.fileId },
        changes: {
          insert: { notifications: notification ? [notification] : [] },
          update: { runs: [withPlace(observed, { ...run, dueAt: null })] },
        },
      }
    },
  }
}

function observationOf(finding: Exclude<Finding, { kind: 'unchanged' }>): Observation {
  switch (finding.kind) {
    case 'evidence':
      return { source: 'reconcile', status: 'success', evidence: finding.evidence }
    case 'asset_gone':
    case 'timed_out':
      return { source: 'expiry', reason: finding.kind }
  }
}
