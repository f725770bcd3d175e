import type { Act } from '../../domain/act.ts'
import type { ListedRun } from '../../domain/run-filter.ts'
import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'
import { saveRun, type Writer } from './stored-submission.ts'

export function recordAct(statements: Statements, act: Act): void {
  statements.insertAct.run({ ...act })
}

export function actOf(row: ReturnType<Statements['listActs']['all']>[number]): Act {
  const { at, actor, kind, subject, reason, details } = row
  return { at, actor, kind, subject, reason, details }
}

export function listActs(
  statements: Statements,
  { limit, before }: { limit: number; before: number | null },
): { acts: Act[]; next: number | null } {
  const rows = statements.listActs.all({ before: before ?? Number.MAX_SAFE_INTEGER, limit: limit + 1 })
  const page = rows.slice(0, limit)
  return { acts: page.map(actOf), next: rows.length > limit ? (page.at(-1)?.seq ?? null) : null }
}

export function acknowledgeRuns(writer: Writer, runIds: readonly string[], act: Act): ListedRun[] {
  const acknowledged = [...new Set(runIds)].flatMap((runId) => markRun(writer, runId, act.at) ?? [])
  recordAct(writer.statements, act)
  return acknowledged
}

/** Marks a run as seen to, or with null as not; one that is pending stays as it is. */
export function markRun(writer: Writer, runId: string, acknowledgedAt: number | null): ListedRun | undefined {
  const row = writer.statements.findRun.get({ runId })
  if (row === undefined || row.run.status === 'pending') return undefined
  const { seq, submissionSeq, dueAt, groupId } = row.run
  const { submissionId, fileId, fileName, kind } = row.submission
  const before = toRun(row.run, submissionId)
  const run = { ...before, acknowledgedAt }
  saveRun(writer, { run: before, seq, groupId }, run, { submissionSeq, dueAt, isListed: groupId !== null })
  return { run, fileId, fileName, kind }
}
