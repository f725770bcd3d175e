import type { Change, JudgedSubmission } from '../../domain/judge-delivery.ts'
import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import { refreshCurrentRuns } from './find-asset.ts'
import type { KeptDeliveries } from './kept-deliveries.ts'
import { type RunRow, toJudged, toRun, toRunValues, toSubmission } from './rows.ts'
import type { Statements } from './statements.ts'
import type { Tallies } from './tallies.ts'

/** What every step works with. */
export type Writer = {
  statements: Statements
  tallies: Pick<Tallies, 'change' | 'place' | 'owe'>
  deliveries: Pick<KeptDeliveries, 'keep'>
  newId: () => string
}

/** Where a run is: the number of its row, and the group in which it is listed; null where it is not. */
type RunPlace = { seq: number; groupId: number | null }

/** A submission with its runs, and where all of them are. `dueAt` is null where its runs are neither due nor listed. */
export type StoredSubmission<S = Submission> = {
  seq: number
  dueAt: number | null
  submission: S
  runs: Run[]
  /** Of each of the runs, in their order. */
  places: readonly RunPlace[]
}

export function loadSubmission(statements: Statements, submissionId: string): StoredSubmission | undefined {
  const row = statements.findSubmission.get({ submissionId })
  return row && withRuns(row.seq, toSubmission(row), statements.listRuns.all({ submissionSeq: row.seq }))
}

type JudgedRow = ReturnType<Statements['listJudged']['all']>[number]

/** The same without what no delivery asks for, its runs in no order. */
export function loadJudged(
  statements: Statements,
  submissionId: string,
): StoredSubmission<JudgedSubmission> | undefined {
  const rows = statements.listJudged.all({ submissionId })
  const [row] = rows
  if (row === undefined) return undefined
  return withRuns(row.submissionSeq, toJudged(row, submissionId), isRun(row) ? rows : [])
}

/** A submission without runs has one row all the same. */
function isRun(row: JudgedRow | (Omit<JudgedRow, 'runId'> & { runId: null })): boolean {
  return row.runId !== null
}

function withRuns<S extends JudgedSubmission>(
  seq: number,
  submission: S,
  places: readonly RunRow[],
): StoredSubmission<S> {
  const runs = places.map((row) => toRun(row, submission.submissionId))
  return { seq, dueAt: places[0]?.dueAt ?? null, submission, runs, places }
}

export function saveChange(writer: Writer, stored: StoredSubmission, change: Change, at: number): void {
  const { submission } = change
  if (submission !== stored.submission)
    writer.statements.updateSubmission.run({ ...submission, seq: stored.seq })
  saveRuns(writer, stored, change, at)
}

/** A run that is new is due when its siblings are, else now. Those of a rejected submission are neither due nor listed. */
export function saveRuns(
  writer: Writer,
  stored: StoredSubmission<JudgedSubmission>,
  { submission, runs, goneRunId }: Change<JudgedSubmission>,
  at: number,
): void {
  const { statements, tallies } = writer
  const { seq } = stored
  const isListed = submission.state !== 'rejected'
  const isTurned = isListed !== (stored.submission.state !== 'rejected')
  const dueAt = isListed ? (stored.dueAt ?? at) : null
  if (isTurned) statements.moveRuns.run({ submissionSeq: seq, dueAt })
  const find = (runId: string) => {
    const at = stored.runs.findIndex((known) => known.runId === runId)
    const run = stored.runs[at]
    const place = stored.places[at]
    return run && place && { run, seq: place.seq, groupId: place.groupId }
  }
  const isUnchanged = ({ runId }: Run) => runId !== goneRunId && !runs.some((run) => run.runId === runId)
  const turned = isTurned ? stored.runs.filter(isUnchanged) : []
  for (const run of [...runs, ...turned])
    saveRun(writer, find(run.runId), run, { submissionSeq: seq, dueAt, isListed })
  if (goneRunId !== null) {
    statements.deleteRun.run({ runId: goneRunId })
    tallies.change(find(goneRunId), undefined)
  }
  const { fileId } = submission
  const isBound = fileId !== stored.submission.fileId
  const hasOthers = goneRunId !== null || runs.some(({ runId }) => find(runId) === undefined)
  if (fileId !== null && (isBound || isTurned || hasOthers))
    refreshCurrentRuns(statements, fileId, namesOf([...stored.runs, ...runs]))
}

/** Under which runs were asked for, and are known now. */
export function namesOf(runs: readonly Run[]): string[] {
  return runs.flatMap(({ name, requestedAs }) => (requestedAs === null ? [name] : [name, requestedAs]))
}

/** Writes a run down and counts what has changed; `before` is undefined for a new one. */
export function saveRun(
  { statements, tallies }: Writer,
  before: (RunPlace & { run: Run }) | undefined,
  after: Run,
  { submissionSeq, dueAt, isListed }: { submissionSeq: number; dueAt: number | null; isListed: boolean },
): void {
  const groupId = tallies.change(before, isListed ? after : undefined)
  if (before !== undefined) {
    const { status, source, settledAt, updatedAt, error, evidence, contradicted, acknowledgedAt } = after
    statements.updateRun.run({
      seq: before.seq,
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
