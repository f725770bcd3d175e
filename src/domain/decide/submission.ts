import { TrackerError } from '../errors.ts'
import type { KeyClaim } from '../idempotency.ts'
import type { IdCounts, NewIds } from '../ids.ts'
import type { Run } from '../run.ts'
import { type NewSubmission, openSubmission } from '../submission.ts'
import { findOwnClaim } from './idempotency.ts'
import type { SubmissionRow } from './rows.ts'
import type { Changes, Step } from './step.ts'
import { bindingOf, withRowFields } from './submission-state.ts'

/**
 * Records a submission and its runs. With `key`, also records the fingerprint and the id of the submission under that key. Throws
 * `request_in_progress` if this request no longer has the key: another request may have it, and would send the same file.
 */
export function createSubmission(
  request: NewSubmission,
  key?: KeyClaim & { fingerprint: string },
): Step<{ submissionId: string }> {
  return {
    keys: key ? [['claims', key.scope]] : [],
    idsNeeded: idCountsOfSubmission(request),
    decide(facts, ids) {
      const ownClaim = key && findOwnClaim(facts, key)
      if (key && ownClaim === undefined)
        throw new TrackerError(
          'request_in_progress',
          'Another request may have this Idempotency-Key by now. Nothing was sent to ImageKit.',
        )
      const { submissionId, changes } = insertSubmission(request, ids)
      const claims = ownClaim && key ? [{ ...ownClaim, fingerprint: key.fingerprint, submissionId }] : []
      return { result: { submissionId }, changes: { ...changes, update: { claims } } }
    },
  }
}

/** How many new ids a submission needs at most. */
export function idCountsOfSubmission({ extensions }: NewSubmission): IdCounts {
  return { sub: 1, run: extensions.length }
}

/** Inserts a submission with one run for each distinct name. */
export function insertSubmission(
  request: NewSubmission,
  ids: NewIds,
): { submissionId: string; runs: Run[]; changes: Changes } {
  const { submission, runs } = openSubmission(request, ids)
  const { extensions, baseline, ...head } = submission
  const row: SubmissionRow = { ...head, respondedAt: null }
  const { submissionId } = submission
  const insert = {
    submissions: [row],
    details: [{ submissionId, extensions, baseline }],
    runs: runs.map((run) =>
      withRowFields(run, {
        dueAt: null,
        isOverdue: false,
        isListed: true,
        settledBy: null,
        ...bindingOf(row),
      }),
    ),
  }
  return { submissionId, runs, changes: { insert } }
}
