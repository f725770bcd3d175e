import type { ListedRun } from '../../domain/run-filter.ts'
import { groupOf } from '../../domain/run-group.ts'
import type { SubmissionKind } from '../../domain/submission.ts'
import { type RunView, runView } from '../run-view.ts'

/** A run as it stands in a list of operators'. */
export type ListedRunView = RunView & {
  fileId: string | null
  fileName: string | null
  kind: SubmissionKind
  acknowledgedAt: string | null
  /** Why it failed, in the words by which failures are grouped; null where it did not. */
  cause: string | null
}

export function listedRunView({ run, fileId, fileName, kind }: ListedRun): ListedRunView {
  const acknowledgedAt = run.acknowledgedAt === null ? null : new Date(run.acknowledgedAt).toISOString()
  return { ...runView(run), fileId, fileName, kind, acknowledgedAt, cause: groupOf(run).cause || null }
}
