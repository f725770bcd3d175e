import type { RunFilter } from '../../domain/run-filter.ts'
import { mergeNewest } from './merge-newest.ts'
import type { Statements } from './statements.ts'
import { blockOf, startOfBlock } from './tallies.ts'

/** The `seq`s from `from` on, and below `before`. */
export type Span = { from: number; before: number }

/**
 * The `seq`s of a filter's runs in these groups, the newest first: of each group its newest, merged. Each group is read by
 * its index and no further than needed, so that a page costs the same however many runs there are.
 */
export function* walkRuns(
  statements: Statements,
  filter: RunFilter,
  groupIds: readonly number[],
  before: number,
): Generator<number, null> {
  const times = timesOf(filter)
  const isTimed = filter.since !== null || filter.until !== null
  for (const { from, before: end } of spansOf(statements, filter, before)) {
    const sources = groupIds.map((groupId) => (lower: number, limit: number) => {
      const place = { groupId, from, before: lower, limit }
      const rows = isTimed
        ? statements.listGroupSeqsWithin.all({ ...place, ...times })
        : statements.listGroupSeqs.all(place)
      return rows.map(({ seq }) => seq)
    })
    yield* mergeNewest(sources, end)
  }
  return null
}

/** When the runs of a filter were requested, half-open. */
export function timesOf({ since, until }: RunFilter): { since: number; until: number } {
  return { since: since ?? Number.MIN_SAFE_INTEGER, until: until ?? Number.MAX_SAFE_INTEGER }
}

/** Where runs can stand that were requested in the filter's time, the newest first. */
export function spansOf(statements: Statements, filter: RunFilter, before: number): Span[] {
  if (filter.since === null && filter.until === null) return [{ from: 0, before }]
  const spans: Span[] = []
  for (const { block } of statements.listBlocks.all(timesOf(filter))) {
    const [from, end] = [startOfBlock(block), startOfBlock(block + 1)]
    if (block > blockOf(before)) continue
    const last = spans.at(-1)
    if (last?.from === end) last.from = from
    else spans.push({ from, before: Math.min(end, before) })
  }
  return spans
}
