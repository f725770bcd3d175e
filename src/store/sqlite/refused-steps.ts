import type { RefusedDelivery } from '../../domain/delivery.ts'
import { listSurplus } from '../../domain/refused-rings.ts'
import type { Statements } from './statements.ts'

export function keepRefused(statements: Statements, refused: readonly RefusedDelivery[]): void {
  for (const delivery of refused)
    statements.insertRefused.run({ ...delivery, keptBytes: delivery.body.length })
  const newestFirst = statements.listRefusedSizes.all().toSorted((one, other) => other.seq - one.seq)
  for (const { seq } of listSurplus(newestFirst)) statements.deleteRefused.run({ seq })
}

export function findRefused(statements: Statements, deliveryId: string): RefusedDelivery | undefined {
  const row = statements.findRefused.get({ deliveryId })
  if (row === undefined) return undefined
  const { seq: _, keptBytes: __, ...refused } = row
  return refused
}
