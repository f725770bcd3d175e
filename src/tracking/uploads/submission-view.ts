import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import type { Links } from '../links.ts'
import { runView } from '../status/run-view.ts'

/** A submission as `GET /submissions/:submissionId` returns it. */
export function submissionView(links: Links, facts: { submission: Submission; runs: Run[] }) {
  const { submissionId, kind, state, fileId, error } = facts.submission
  const urls = links.submission(submissionId, fileId)
  return { submissionId, kind, state, fileId, ...urls, extensions: facts.runs.map(runView), error }
}
