import type { Act } from '../../domain/act.ts'
import type { ListedRun } from '../../domain/run-filter.ts'
import { toListedRun } from './list-runs.ts'
import { toRun, toRunValues } from './rows.ts'
import type { Statements } from './statements.ts'
import type { Writer } from './stored-submission.ts'

export function recordAct(statements: Statements, act: Act): void {
  statements.insertAct.run({ ...act })
}

export function actOf({ seq: _, ...act }: ReturnType<Statements['listActs']['all']>[number]): Act {
  return act
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
  const { statements, tallies } = writer
  const acknowledged: ListedRun[] = []
  for (const runId of new Set(runIds)) {
    const row = statements.findRun.get({ runId })
    if (row === undefined) continue
    const { seq, submissionSeq, dueAt } = row.run
    const before = toRun(row.run, row.submission.submissionId)
    const after = { ...before, acknowledgedAt: act.at }
    const isListed = row.run.groupId !== null
    const groupId = isListed ? tallies.change(before, after) : null
    statements.saveRun.run(toRunValues(after, { submissionSeq, dueAt, groupId }))
    const listed = statements.findListedRun.get({ seq })
    if (listed) acknowledged.push(toListedRun(listed))
  }
  recordAct(statements, act)
  return acknowledged
}
