import type { Change } from '../../domain/judge-delivery.ts'
import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import { toRun, toRunValues, toSubmission } from './rows.ts'
import type { Statements } from './statements.ts'

/** What every step works with. */
export type Writer = { statements: Statements; newId: () => string }

/** A submission with its runs, the number of its row, and when its runs are due: null where it has none that are. */
export type StoredSubmission = { seq: number; dueAt: number | null; submission: Submission; runs: Run[] }

export function loadSubmission(statements: Statements, submissionId: string): StoredSubmission | undefined {
  const row = statements.findSubmission.get({ submissionId })
  if (row === undefined) return undefined
  const rows = statements.listRuns.all({ submissionSeq: row.seq })
  const dueAt = rows[0]?.dueAt ?? null
  const runs = rows.map((run) => toRun(run, submissionId))
  return { seq: row.seq, dueAt, submission: toSubmission(row), runs }
}

/** A run that is new is due when its siblings are, else now. Those of a rejected submission are not due at all. */
export function saveChange(
  statements: Statements,
  before: StoredSubmission,
  change: Change,
  at: number,
): void {
  const { seq } = before
  const { submission, runs, goneRunId } = change
  const isRejected = submission.state === 'rejected'
  const dueAt = isRejected ? null : (before.dueAt ?? at)
  if (submission !== before.submission) statements.updateSubmission.run({ ...submission, seq })
  if (isRejected !== (before.submission.state === 'rejected'))
    statements.moveRuns.run({ submissionSeq: seq, dueAt })
  for (const run of runs) statements.saveRun.run(toRunValues(run, seq, dueAt))
  if (goneRunId !== null) statements.deleteRun.run({ runId: goneRunId })
}
