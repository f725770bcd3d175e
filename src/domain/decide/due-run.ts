import { decideStatus, type Observation } from '../decide-status.ts'
import type { Finding } from '../finding.ts'
import { isNotificationDue } from '../notification.ts'
import { isFinal } from '../run.ts'
import type { RunRow } from './rows.ts'
import type { Facts, Step } from './step.ts'
import { notificationOf, withRowFields } from './submission-state.ts'

/** A run and its due time. */
export type DueAt = { runId: string; dueAt: number }

/**
 * Claims runs by making them due at `until`, so that no other process finds them earlier. Skips runs whose due time has changed
 * since it was read. Any later change of a run's due time ends its claim. Returns the ids of the claimed runs.
 */
export function claimRuns(due: readonly DueAt[], until: number): Step<string[]> {
  return {
    keys: due.map(({ runId }) => ['runs', runId]),
    decide(facts) {
      const runs = due.flatMap(({ runId, dueAt }) => findDue(facts, runId, dueAt) ?? [])
      return {
        result: runs.map(({ runId }) => runId),
        changes: { update: { runs: runs.map((run) => ({ ...run, dueAt: until })) } },
      }
    },
  }
}

/** Extends the claim of runs that are still claimed until `claim`. */
export function extendClaim(runIds: readonly string[], claim: number, until: number): Step<void> {
  const due = runIds.map((runId) => ({ runId, dueAt: until }))
  return releaseRuns(due, claim)
}

/** Makes runs that are still claimed until `claim` due at the given times, such as those from before the claim. */
export function releaseRuns(due: readonly DueAt[], claim: number): Step<void> {
  return {
    keys: due.map(({ runId }) => ['runs', runId]),
    decide(facts) {
      const runs = due.flatMap(({ runId, dueAt }) => {
        const run = findDue(facts, runId, claim)
        return run ? [{ ...run, dueAt }] : []
      })
      return { result: undefined, changes: { update: { runs } } }
    },
  }
}

function findDue(facts: Facts, runId: string, dueAt: number): RunRow | undefined {
  const run = facts.find('runs', runId)
  return run?.dueAt === dueAt ? run : undefined
}

/**
 * Applies a finding to a run that is not final. `evidence` and `asset_gone` are facts and count whichever process found them.
 * `unchanged` and `timed_out` count only if the claim still holds: another process may have checked the run since, or an event
 * may have made it due again. `applied`: the finding counted. `fileId` is the asset whose status may have changed; null if there is none.
 */
export function applyFinding(
  runId: string,
  finding: Finding,
  at: number,
  claim: number,
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
      // A run without a due time needs no check: it is not overdue yet, its submission is rejected, or it expired and its file
      // has not changed since.
      if (run === undefined || submission === undefined || isFinal(run.status) || run.dueAt === null)
        return { result: { applied: false, fileId: null }, changes: {} }
      const isFact = finding.kind === 'evidence' || finding.kind === 'asset_gone'
      if (!isFact && run.dueAt !== claim) return { result: { applied: false, fileId: null }, changes: {} }
      if (finding.kind === 'unchanged') {
        const { dueAt } = finding
        return {
          result: { applied: true, fileId: null },
          changes: { update: { runs: [{ ...run, dueAt }] } },
        }
      }
      const observed = decideStatus(run, observationOf(finding), at).run
      const notificationBody = finding.kind === 'evidence' ? finding.notificationBody : undefined
      const body = isNotificationDue(submission, run, observed) ? notificationBody : undefined
      const notification = notificationOf(submission.callerWebhookUrl, run, body, at)
      return {
        result: { applied: true, fileId: submission.fileId },
        changes: {
          insert: { notifications: notification ? [notification] : [] },
          update: { runs: [withRowFields(observed, { ...run, dueAt: null })] },
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
