import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import { toRun, toSubmission } from './rows.ts'
import type { Statements } from './statements.ts'

export type AssetSubmission = { seq: number; submission: Submission; runs: Run[] }

/** Every submission of an asset with its runs, the oldest first. */
export function listAssetSubmissions(statements: Statements, fileId: string): AssetSubmission[] {
  const found = new Map<number, AssetSubmission>()
  for (const { submission, run } of statements.listAssetSubmissions.all({ fileId })) {
    const { seq, submissionId } = submission
    const known = found.get(seq) ?? { seq, submission: toSubmission(submission), runs: [] }
    if (run !== null) known.runs.push(toRun(run, submissionId))
    found.set(seq, known)
  }
  return [...found.values()]
}
