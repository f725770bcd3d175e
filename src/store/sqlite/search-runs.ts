import type { RunFilter } from '../../domain/run-filter.ts'
import { mergeNewest, type Source } from './merge-newest.ts'
import type { Statements } from './statements.ts'
import { type Span, spansOf, timesOf } from './walk-runs.ts'

type Group = { groupId: number; size: number }

/** So many files with such a name are gathered. Where there are more, runs are walked through: there may be millions. */
const MAX_GATHERED = 3_000

/** How many runs are looked at together: few at first, for they may be enough, and then more. They end the page. */
const WINDOWS = [2_048, 4_096, 8_192, 16_384, 32_768]

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
  for (const { from, before: end, isBeyond } of windowsOf(spans, 1 / Math.max(share, 1e-6))) {
    if (isBeyond) return upper
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

function* windowsOf(spans: readonly Span[], stretch: number): Generator<Span & { isBeyond: boolean }> {
  let index = 0
  for (const span of spans)
    for (let end = span.before; end > span.from; index += 1) {
      const length = Math.ceil((WINDOWS[index] ?? 1) * stretch)
      const from = Math.max(span.from, end - length)
      yield { from, before: end, isBeyond: index >= WINDOWS.length }
      end = from
    }
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
