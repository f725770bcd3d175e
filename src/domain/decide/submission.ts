import type { Run } from '../run.ts'
import { type NewSubmission, openSubmission } from '../submission.ts'
import type { Changes, Step } from './step.ts'
import type { SubmissionRow } from './tables.ts'

/** Records a submission and its runs. With a key, its fingerprint and submission are recorded with it. */
export function createSubmission(
  request: NewSubmission,
  key: { scope: string; fingerprint: string } | undefined,
  newId: () => string,
): Step<void> {
  return {
    keys: key ? [['claims', key.scope]] : [],
    decide(facts) {
      const changes = submit(request, newId)
      const claim = key && facts.find('claims', key.scope)
      const { submissionId } = request
      const claims = claim && key ? [{ ...claim, fingerprint: key.fingerprint, submissionId }] : []
      return { result: undefined, changes: { ...changes, update: { claims } } }
    },
  }
}

/** Inserts a submission with one run for each distinct name. */
export function submit(request: NewSubmission, newId: () => string): Changes & { insert: { runs: Run[] } } {
  const { submission, runs } = openSubmission(request, newId)
  const { extensions, baseline, ...head } = submission
  const row: SubmissionRow = { ...head, respondedAt: null }
  const { submissionId, dueAt } = request
  return {
    insert: {
      submissions: [row],
      details: [{ submissionId, extensions, baseline }],
      runs: runs.map((run) => ({ ...run, dueAt, isListed: true })),
    },
  }
}
