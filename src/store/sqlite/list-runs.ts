import { type ListedRun, type RunFilter, wantsGroup, wantsRun } from '../../domain/run-filter.ts'
import { toRun } from './rows.ts'
import { searchRuns } from './search-runs.ts'
import type { Statements } from './statements.ts'
import { walkRuns } from './walk-runs.ts'

export function listRuns(
  statements: Statements,
  filter: RunFilter,
  { limit, before }: { limit: number; before: number | null },
): { runs: ListedRun[]; next: number | null } {
  const all = statements.listGroups.all()
  const groups = new Map(all.map((group) => [group.groupId, group]))
  const found = findSeqs(statements, filter, all, before ?? Number.MAX_SAFE_INTEGER)
  const runs: ListedRun[] = []
  let last: number | null = null
  for (;;) {
    const { done, value: seq } = found.next()
    if (done) return { runs, next: seq }
    const row = statements.findListedRun.get({ seq })
    if (row === undefined) continue
    const listed = toListedRun(row)
    const group = row.run.groupId === null ? undefined : groups.get(row.run.groupId)
    if (!wantsRun(filter, listed, group)) continue
    if (runs.length === limit) return { runs, next: last }
    runs.push(listed)
    last = seq
  }
}

function findSeqs(
  statements: Statements,
  filter: RunFilter,
  all: ReturnType<Statements['listGroups']['all']>,
  before: number,
): Generator<number, number | null> {
  const wanted = all.filter((group) => group.size > 0 && wantsGroup(filter, group))
  const { q } = filter
  if (q !== null) return searchRuns(statements, { ...filter, q }, { wanted, all }, before)
  const groupIds = wanted.map(({ groupId }) => groupId)
  return walkRuns(statements, filter, groupIds, before)
}

function toListedRun(row: NonNullable<ReturnType<Statements['findListedRun']['get']>>): ListedRun {
  const { run, submissionId, ...of } = row
  return { run: toRun(run, submissionId), ...of }
}
