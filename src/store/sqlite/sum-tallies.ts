import { addUp, type TallyCount, tallySpansOf } from '../../domain/tally.ts'
import type { Statements } from './statements.ts'

export function sumTallies(statements: Statements, from: number, until: number): TallyCount[] {
  const rows = tallySpansOf(from, until).flatMap((span) => statements.listTallies.all(span))
  return addUp(rows.flatMap(({ counts }) => counts))
}
