import type { Act } from '../../domain/act.ts'
import type { Statements } from './statements.ts'

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
