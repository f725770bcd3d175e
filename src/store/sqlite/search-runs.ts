import type { RunFilter } from '../../domain/run-filter.ts'
import { mergeNewest, type Source } from './merge-newest.ts'
import type { Statements } from './statements.ts'
import { type Span, spansOf, timesOf } from './walk-runs.ts'

type Group = { groupId: number; size: number }

/** So many files with such a name are gathered. Where there are more, runs are walked through: there may be millions. */
const MAX_GATHERED = 5_000

/** How many runs are looked at together, and how often for one page. */
const WINDOW = 16_384
const MAX_WINDOWS = 4

/** Sorts behind whatever may follow a prefix. */
const LAST_CHARACTER = '\u{10FFFF}'

/**
 * The `seq`s of runs that a filter's `q` may mean, the newest first: those with that id, and those of `wanted` groups whose
 * file's name begins so. Where the names are too many it ends before all runs were looked at, and returns where; else null.
 */
export function* searchRuns(
  statements: Statements,
  filter: RunFilter & { q: string },
  groups: { wanted: readonly Group[]; all: readonly Group[] },
  before: number,
): Generator<number, number | null> {
  const { q } = filter
  const exact = findExact(statements, q)
  const names = { from: q, to: q + LAST_CHARACTER, ...timesOf(filter) }
  const wantedIds = groups.wanted.map(({ groupId }) => groupId)
  if (statements.skipNamed.get({ from: names.from, to: names.to, offset: MAX_GATHERED }) === undefined) {
    const isWanted = new Set(wantedIds)
    const named = statements.listNamedRuns.all(names).filter(({ groupId }) => isWanted.has(groupId ?? -1))
    const found = sourceOf([...exact, ...named.map(({ seq }) => seq)])
    yield* mergeNewest([found], before)
    return null
  }
  // Where a window holds few runs of these groups it is as much longer.
  const share = sizeOf(groups.wanted) / Math.max(1, sizeOf(groups.all))
  const newest = statements.findNewestSeq.get()?.seq ?? 0
  const spans = spansOf(statements, filter, Math.min(before, newest + 1))
  let upper = before
  let count = 0
  for (const { from, before: end } of windowsOf(spans, Math.ceil(WINDOW / Math.max(share, 1e-6)))) {
    if (count === MAX_WINDOWS) return upper
    count += 1
    const sources = wantedIds.map((groupId): Source => {
      return (lower, limit) => {
        const { from: nameFrom, to: nameTo, since, until } = names
        const place = { groupId, from, before: Math.min(lower, end), limit }
        return statements.listNamedGroupSeqs
          .all({ ...place, nameFrom, nameTo, since, until })
          .map(({ seq }) => seq)
      }
    })
    yield* mergeNewest([...sources, sourceOf(exact.filter((seq) => seq >= from))], upper)
    upper = from
  }
  yield* mergeNewest([sourceOf(exact)], upper)
  return null
}

function* windowsOf(spans: readonly Span[], length: number): Generator<Span> {
  for (const span of spans)
    for (let end = span.before; end > span.from; end -= length)
      yield { from: Math.max(span.from, end - length), before: end }
}

/** Those of rejected submissions among them. */
function findExact(statements: Statements, q: string): number[] {
  const { listSeqsOfRun, listSeqsOfSubmission, listSeqsOfFile } = statements
  return [listSeqsOfRun, listSeqsOfSubmission, listSeqsOfFile].flatMap((statement) => {
    return statement.all({ q }).map(({ seq }) => seq)
  })
}

function sourceOf(seqs: readonly number[]): Source {
  const sorted = seqs.toSorted((one, other) => other - one)
  return (before, limit) => {
    const start = sorted.findIndex((seq) => seq < before)
    return start < 0 ? [] : sorted.slice(start, start + limit)
  }
}

function sizeOf(groups: readonly Group[]): number {
  return groups.reduce((sum, { size }) => sum + size, 0)
}
