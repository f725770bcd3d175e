import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import { toRun, toSubmission } from './rows.ts'
import type { Statements } from './statements.ts'

export type AssetSubmission = { seq: number; submission: Submission; runs: Run[] }

/** The newest submissions of an asset, or those before a place, with their runs; the oldest first. */
export function listAssetSubmissions(
  statements: Statements,
  fileId: string,
  { limit, before }: { limit: number; before: number | null },
): AssetSubmission[] {
  const found = new Map<number, AssetSubmission>()
  for (const { submission, run } of statements.listNewestSubmissions.all({
    fileId,
    limit,
    before: before ?? Number.MAX_SAFE_INTEGER,
  })) {
    const { seq, submissionId } = submission
    const known = found.get(seq) ?? { seq, submission: toSubmission(submission), runs: [] }
    if (run !== null) known.runs.push(toRun(run, submissionId))
    found.set(seq, known)
  }
  return [...found.values()]
}
