import type { Change } from '../../domain/judge-delivery.ts'
import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import { toRun, toRunValues, toSubmission } from './rows.ts'
import type { Statements } from './statements.ts'
import type { Tallies } from './tallies.ts'

/** What every step works with. */
export type Writer = { statements: Statements; tallies: Pick<Tallies, 'change'>; newId: () => string }

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

/** A run that is new is due when its siblings are, else now. Those of a rejected submission are neither due nor listed. */
export function saveChange(writer: Writer, before: StoredSubmission, change: Change, at: number): void {
  const { statements } = writer
  const { seq } = before
  const { submission, runs, goneRunId } = change
  const isRejected = submission.state === 'rejected'
  const wasRejected = before.submission.state === 'rejected'
  const dueAt = isRejected ? null : (before.dueAt ?? at)
  if (submission !== before.submission) statements.updateSubmission.run({ ...submission, seq })
  const isTurned = isRejected !== wasRejected
  if (isTurned) statements.moveRuns.run({ submissionSeq: seq, dueAt })
  const find = (runId: string) => before.runs.find((run) => run.runId === runId)
  const isUnchanged = ({ runId }: Run) => runId !== goneRunId && !runs.some((run) => run.runId === runId)
  const turned = isTurned ? before.runs.filter(isUnchanged) : []
  for (const run of [...runs, ...turned]) {
    const old = find(run.runId)
    const groupId = writer.tallies.change(wasRejected ? undefined : old, isRejected ? undefined : run)
    statements.saveRun.run(toRunValues(run, { submissionSeq: seq, dueAt, groupId }))
  }
  if (goneRunId === null) return
  statements.deleteRun.run({ runId: goneRunId })
  const gone = find(goneRunId)
  if (gone && !wasRejected) writer.tallies.change(gone, undefined)
}
