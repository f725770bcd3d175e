import type { Change } from '../../domain/judge-delivery.ts'
import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import { toRun, toRunValues, toSubmission } from './rows.ts'
import type { Statements } from './statements.ts'
import type { GroupedRun, Tallies } from './tallies.ts'

/** What every step works with. */
export type Writer = {
  statements: Statements
  tallies: Pick<Tallies, 'change' | 'place'>
  newId: () => string
}

/**
 * A submission with its runs, the number of its row, the groups in which its runs are listed, and when they are due: null
 * where they are neither.
 */
export type StoredSubmission = {
  seq: number
  dueAt: number | null
  submission: Submission
  runs: Run[]
  groupIds: ReadonlyMap<string, number | null>
}

export function loadSubmission(statements: Statements, submissionId: string): StoredSubmission | undefined {
  const row = statements.findSubmission.get({ submissionId })
  if (row === undefined) return undefined
  const rows = statements.listRuns.all({ submissionSeq: row.seq })
  const dueAt = rows[0]?.dueAt ?? null
  const runs = rows.map((run) => toRun(run, submissionId))
  const groupIds = new Map(rows.map(({ runId, groupId }) => [runId, groupId]))
  return { seq: row.seq, dueAt, submission: toSubmission(row), runs, groupIds }
}

/** A run that is new is due when its siblings are, else now. Those of a rejected submission are neither due nor listed. */
export function saveChange(writer: Writer, stored: StoredSubmission, change: Change, at: number): void {
  const { statements, tallies } = writer
  const { seq } = stored
  const { submission, runs, goneRunId } = change
  const isListed = submission.state !== 'rejected'
  const isTurned = isListed !== (stored.submission.state !== 'rejected')
  const dueAt = isListed ? (stored.dueAt ?? at) : null
  if (submission !== stored.submission) statements.updateSubmission.run({ ...submission, seq })
  if (isTurned) statements.moveRuns.run({ submissionSeq: seq, dueAt })
  const find = (runId: string) => {
    const run = stored.runs.find((known) => known.runId === runId)
    return run && { run, groupId: stored.groupIds.get(runId) ?? null }
  }
  const isUnchanged = ({ runId }: Run) => runId !== goneRunId && !runs.some((run) => run.runId === runId)
  const turned = isTurned ? stored.runs.filter(isUnchanged) : []
  for (const run of [...runs, ...turned])
    saveRun(writer, find(run.runId), run, { submissionSeq: seq, dueAt, isListed })
  if (goneRunId === null) return
  statements.deleteRun.run({ runId: goneRunId })
  tallies.change(find(goneRunId), undefined)
}

/** Writes a run down and counts what has changed; `before` is undefined for a new one. */
export function saveRun(
  { statements, tallies }: Writer,
  before: GroupedRun | undefined,
  after: Run,
  { submissionSeq, dueAt, isListed }: { submissionSeq: number; dueAt: number | null; isListed: boolean },
): void {
  const groupId = tallies.change(before, isListed ? after : undefined)
  if (before !== undefined) {
    const { runId, status, source, settledAt, updatedAt, error, evidence, contradicted, acknowledgedAt } =
      after
    statements.updateRun.run({
      runId,
      status,
      source,
      settledAt,
      updatedAt,
      error,
      evidence,
      contradicted,
      acknowledgedAt,
      groupId,
    })
    return
  }
  const { lastInsertRowid } = statements.insertRun.run(toRunValues(after, { submissionSeq, dueAt, groupId }))
  tallies.place(Number(lastInsertRowid), after.requestedAt)
}
