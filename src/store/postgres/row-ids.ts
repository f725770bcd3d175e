import { checkOf, formatId, type IdCounts, type IdKind, type NewIds } from '../../domain/ids.ts'
import { OutOfIdsError } from '../batch.ts'
import type { createChecks } from '../id-checks.ts'
import type { Session } from './pool.ts'
import { prepared } from './prepared.ts'

/** The ids of one transaction. Numbers come from the sequences inside the transaction; none is kept for another one. */
export type RowIds = NewIds & { fetch: (counts: IdCounts) => Promise<void> }

const SEQUENCES = { sub: 'submission_numbers', run: 'run_numbers', dlv: 'delivery_numbers' } as const

const NEXT = prepared(
  (['sub', 'run', 'dlv'] as const)
    .map((kind) => `SELECT '${kind}', nextval('${SEQUENCES[kind]}') FROM generate_series(1, ?::int)`)
    .join(' UNION ALL '),
)

export function createRowIds(session: Session, newCheck: ReturnType<typeof createChecks>): RowIds {
  const numbers: { [kind in IdKind]: number[] } = { sub: [], run: [], dlv: [] }
  const next = (kind: IdKind): number => {
    const number = numbers[kind].shift()
    if (number === undefined) throw new OutOfIdsError(kind)
    return number
  }
  return {
    submission: () => formatId('sub', next('sub'), newCheck()),
    run: (submissionId) => formatId('run', next('run'), checkOf(submissionId)),
    delivery: () => formatId('dlv', next('dlv'), newCheck()),
    async fetch({ sub = 0, run = 0, dlv = 0 }) {
      if (sub + run + dlv === 0) return
      for (const [kind, number] of await session.rows<[IdKind, number]>(NEXT, [sub, run, dlv]))
        numbers[kind].push(number)
    },
  }
}
