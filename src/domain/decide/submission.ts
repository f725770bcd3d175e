import type { IdCounts, NewIds } from '../ids.ts'
import type { Run } from '../run.ts'
import { type NewSubmission, openSubmission } from '../submission.ts'
import type { Changes, Step } from './step.ts'
import { bindingOf, withPlace } from './submission-state.ts'
import type { SubmissionRow } from './tables.ts'

/** Records a submission and its runs. With a key, its fingerprint and submission are recorded with it. */
export function createSubmission(
  request: NewSubmission,
  key?: { scope: string; fingerprint: string },
): Step<{ submissionId: string }> {
  return {
    keys: key ? [['claims', key.scope]] : [],
    takes: idsOfSubmission(request),
    decide(facts, ids) {
      const { submissionId, changes } = submit(request, ids)
      const claim = key && facts.find('claims', key.scope)
      const claims = claim && key ? [{ ...claim, fingerprint: key.fingerprint, submissionId }] : []
      return { result: { submissionId }, changes: { ...changes, update: { claims } } }
    },
  }
}

export function idsOfSubmission({ extensions }: NewSubmission): IdCounts {
  return { sub: 1, run: extensions.length }
}

/** Inserts a submission with one run for each distinct name. */
export function submit(
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
      withPlace(run, { dueAt: null, isOverdue: false, isListed: true, settledBy: null, ...bindingOf(row) }),
    ),
  }
  return { submissionId, runs, changes: { insert } }
}
