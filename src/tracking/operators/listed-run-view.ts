import type { ListedRun } from '../../domain/run-filter.ts'
import { groupOf } from '../../domain/run-group.ts'
import type { SubmissionKind } from '../../domain/submission.ts'
import { type RunView, runView } from '../status/run-view.ts'

/** A run as it appears in the operators' lists. */
export type ListedRunView = RunView & {
  fileId: string | null
  fileName: string | null
  kind: SubmissionKind
  acknowledgedAt: string | null
  /** The cause by which failures are grouped; null if the run did not fail. */
  cause: string | null
}

export function listedRunView({ run, fileId, fileName, kind }: ListedRun): ListedRunView {
  const acknowledgedAt = run.acknowledgedAt === null ? null : new Date(run.acknowledgedAt).toISOString()
  return { ...runView(run), fileId, fileName, kind, acknowledgedAt, cause: groupOf(run).cause || null }
}
