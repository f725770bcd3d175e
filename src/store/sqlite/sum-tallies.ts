import { TALLY_KINDS, type TallyKind, tallySpansOf } from '../../domain/tally.ts'
import type { Statements } from './statements.ts'

type Sum = { kind: TallyKind; extension: string; value: string; size: number }

export function sumTallies(statements: Statements, from: number, until: number): Sum[] {
  const sums = new Map<string, Sum>()
  for (const span of tallySpansOf(from, until))
    for (const kind of TALLY_KINDS)
      for (const tally of statements.listTallies.all({ kind, ...span })) {
        const key = `${kind} ${tally.value.length} ${tally.value} ${tally.extension}`
        const sum = sums.get(key)
        if (sum) sum.size += tally.size
        else sums.set(key, tally)
      }
  return [...sums.values()]
}
