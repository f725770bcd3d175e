import { type ListedRun, type RunFilter, wantsRun } from '../../domain/run-filter.ts'
import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'
import { walkRuns } from './walk-runs.ts'

/** So many files with such a name are looked at one by one; where there are more, any page of runs has some of them. */
const MAX_NAMED = 2_000

/** Sorts behind whatever may follow a prefix. */
const LAST_CHARACTER = '\u{10FFFF}'

export function listRuns(
  statements: Statements,
  filter: RunFilter,
  { limit, before }: { limit: number; before: number | null },
): { runs: ListedRun[]; next: number | null } {
  const groups = new Map(statements.listGroups.all().map((group) => [group.groupId, group]))
  const runs: ListedRun[] = []
  let last: number | null = null
  for (const seq of candidates(statements, filter, before ?? Number.MAX_SAFE_INTEGER)) {
    const row = statements.findListedRun.get({ seq })
    if (row === undefined) continue
    const listed = toListedRun(row)
    const group = row.run.groupId === null ? undefined : groups.get(row.run.groupId)
    if (!wantsRun(filter, listed, group)) continue
    if (runs.length === limit) return { runs, next: last }
    runs.push(listed)
    last = seq
  }
  return { runs, next: null }
}

export function toListedRun(row: NonNullable<ReturnType<Statements['findListedRun']['get']>>): ListedRun {
  const { run, submissionId, ...of } = row
  return { run: toRun(run, submissionId), ...of }
}

/** The `seq`s of runs that may be asked for, the newest first. */
function candidates(statements: Statements, filter: RunFilter, before: number): Iterable<number> {
  const found = filter.q === null ? undefined : search(statements, filter.q)
  if (found === undefined) return walkRuns(statements, filter, before)
  return found.filter((seq) => seq < before).toSorted((one, other) => other - one)
}

/** Everything that the words may mean; undefined where that is too much to gather. */
function search(statements: Statements, q: string): number[] | undefined {
  const named = statements.listNamed.all({ from: q, to: q + LAST_CHARACTER, limit: MAX_NAMED + 1 })
  if (named.length > MAX_NAMED) return undefined
  const submission = statements.findSubmission.get({ submissionId: q })
  const submissionSeqs = named.map(({ seq }) => seq)
  if (submission) submissionSeqs.push(submission.seq)
  const runs = submissionSeqs.flatMap((submissionSeq) => statements.listRuns.all({ submissionSeq }))
  const ofFile = statements.listAssetSubmissions.all({ fileId: q }).flatMap(({ run }) => run ?? [])
  const exact = statements.findRun.get({ runId: q })
  const seqs = [...runs, ...ofFile, ...(exact ? [exact.run] : [])].map(({ seq }) => seq)
  return [...new Set(seqs)]
}
