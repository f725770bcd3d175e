import { describeAsset } from '../asset.ts'
import type { AuditEntry } from '../audit-entry.ts'
import {
  decideRetry,
  isOpen,
  type RetryItemState,
  type RetryRejection,
  type SubmitRetryResult,
} from '../retry.ts'
import type { NewSubmission } from '../submission.ts'
import { acknowledged } from './acknowledgement.ts'
import type { RunRow } from './rows.ts'
import type { Changes, Facts, Key, Step } from './step.ts'
import { idCountsOfSubmission, insertSubmission } from './submission.ts'
import { submissionOf } from './submission-state.ts'

/** Records which runs to retry, in this order, each once. Unknown ids are skipped: their asset may have been forgotten. */
export function createRetry(retryId: string, runIds: readonly string[], entry: AuditEntry): Step<void> {
  const distinct = [...new Set(runIds)]
  return {
    keys: distinct.map((runId) => ['runs', runId]),
    decide(facts) {
      const known = distinct.filter((runId) => facts.find('runs', runId) !== undefined)
      const retry = { retryId, at: entry.at, actor: entry.actor, runIds: known }
      return { result: undefined, changes: { other: { retry, auditEntries: [entry] } } }
    },
  }
}

/**
 * Records the submission that retries a run, and acknowledges the run if it is not acknowledged yet. `origin`: the operator's audit
 * entry, or the item of a retry of many runs. Checks again whether the retry is allowed, because another operator may have retried
 * the run, or another process submitted the item. Returns the rejection if nothing was recorded.
 */
export function submitRetry(
  runId: string,
  submission: NewSubmission,
  origin: { entry: AuditEntry } | { itemId: number },
): Step<SubmitRetryResult> {
  const itemKeys: Key[] = 'itemId' in origin ? [['retryItems', String(origin.itemId)]] : []
  return {
    keys: [['runs', runId], ...itemKeys],
    idsNeeded: idCountsOfSubmission(submission),
    more(facts) {
      const run = facts.find('runs', runId)
      if (run === undefined) return []
      const { submissionId } = run
      const fileId = facts.find('submissions', submissionId)?.fileId ?? null
      const ofFile: Key[] = fileId === null ? [] : [['currentOf', fileId]]
      return [['submissions', submissionId], ['details', submissionId], ...ofFile]
    },
    decide(facts, ids) {
      const item = 'itemId' in origin ? facts.find('retryItems', String(origin.itemId)) : undefined
      if ('itemId' in origin && item?.state !== 'waiting')
        return { result: { rejection: 'not_waiting' }, changes: {} }
      const run = facts.find('runs', runId)
      const rejection = run === undefined ? 'no_file' : rejectionOf(facts, run)
      if (rejection !== null) return { result: { rejection }, changes: {} }
      const { submissionId, runs, changes } = insertSubmission(submission, ids)
      const result = { submissionId, runIds: runs.map((one) => one.runId) }
      const acknowledgedRun = run?.acknowledgedAt === null ? acknowledged(run, submission.at) : undefined
      const update: Changes['update'] = { runs: acknowledgedRun ? [acknowledgedRun] : [] }
      if ('entry' in origin)
        return { result, changes: { ...changes, update, other: { auditEntries: [origin.entry] } } }
      const retryItems = item ? [{ ...item, state: 'submitting' as const, submissionId }] : []
      return { result, changes: { ...changes, update: { ...update, retryItems } } }
    },
  }
}

function rejectionOf(facts: Facts, run: RunRow): RetryRejection | null {
  const row = facts.find('submissions', run.submissionId)
  const details = facts.find('details', run.submissionId)
  if (row === undefined || details === undefined) return 'no_file'
  const { fileId } = row
  const runs = fileId === null ? [] : facts.list('currentOf', fileId)
  const asset = describeAsset({ fileId: fileId ?? '', recordedAt: 0, runs })
  const current = asset.runs.find(({ name }) => name === run.name)
  const currentRunId = current && current.runId !== run.runId ? current.runId : null
  const decision = decideRetry({ run, submission: submissionOf({ row, details }), currentRunId })
  return decision.kind === 'rejected' ? decision.by : null
}

/** Revokes the acknowledgement that `submitRetry` recorded at this time, because ImageKit did not accept the retry. */
export function withdrawRetry(runId: string, at: number): Step<void> {
  return {
    keys: [['runs', runId]],
    decide(facts) {
      const run = facts.find('runs', runId)
      const reopened = run?.acknowledgedAt === at ? acknowledged(run, null) : undefined
      return { result: undefined, changes: { update: { runs: reopened ? [reopened] : [] } } }
    },
  }
}

/**
 * Records the result of a retry item, or that it waits again because of a rate limit. One that has already ended, or that another
 * process is submitting, does not change.
 */
export function endRetryItem(itemId: number, state: RetryItemState, reason: string | null): Step<void> {
  return {
    keys: [['retryItems', String(itemId)]],
    decide(facts) {
      const item = facts.find('retryItems', String(itemId))
      const retryItems = item && isOpen(item.state) && !item.isForeign ? [{ ...item, state, reason }] : []
      return { result: undefined, changes: { update: { retryItems } } }
    },
  }
}
