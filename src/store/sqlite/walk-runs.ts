import { type RunFilter, wantsGroup } from '../../domain/run-filter.ts'
import type { Statements } from './statements.ts'
import { blockOf, startOfBlock } from './tallies.ts'

type Span = { from: number; before: number }

const CHUNK = 256

/**
 * The `seq`s of listed runs that may be asked for, the newest first: of each group its newest, merged. Each group is read
 * by its index and no further than needed, so that a page costs the same however many runs there are.
 */
export function* walkRuns(
  statements: Statements,
  filter: RunFilter,
  before: number,
): Generator<number, void> {
  const groups = statements.listGroups.all().filter((group) => group.size > 0 && wantsGroup(filter, group))
  for (const span of spansOf(statements, filter, before)) {
    let end = span.before
    for (;;) {
      const seqs = groups
        .flatMap(({ groupId }) =>
          statements.listGroupSeqs.all({ groupId, from: span.from, before: end, limit: CHUNK }),
        )
        .map(({ seq }) => seq)
        .toSorted((one, other) => other - one)
        // Below the last of these a group whose newest were cut off may have more.
        .slice(0, CHUNK)
      yield* seqs
      end = seqs.at(-1) ?? end
      if (seqs.length < CHUNK) break
    }
  }
}

/** Where runs can stand that were requested in the filter's time, the newest first. */
function spansOf(statements: Statements, { since, until }: RunFilter, before: number): Span[] {
  if (since === null && until === null) return [{ from: 0, before }]
  const blocks = statements.listBlocks.all({
    since: since ?? Number.MIN_SAFE_INTEGER,
    until: until ?? Number.MAX_SAFE_INTEGER,
  })
  const spans: Span[] = []
  for (const { block } of blocks) {
    if (block > blockOf(before)) continue
    const last = spans.at(-1)
    const from = startOfBlock(block)
    const end = startOfBlock(block + 1)
    if (last?.from === end) last.from = from
    else spans.push({ from, before: Math.min(end, before) })
  }
  return spans
}
