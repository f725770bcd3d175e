import type { NewRefusedDelivery, RefusedDelivery } from '../../domain/delivery.ts'
import { type NewIds, numberOf } from '../../domain/ids.ts'
import { selectEvicted } from '../../domain/rejected-retention.ts'
import type { Statements } from './statements.ts'

/** Returns their ids, in order. */
export function keepRefused(
  statements: Statements,
  ids: NewIds,
  refused: readonly NewRefusedDelivery[],
): string[] {
  const deliveryIds = refused.map((delivery) => {
    const deliveryId = ids.delivery()
    const seq = numberOf(deliveryId)
    statements.insertRefused.run({ ...delivery, seq, deliveryId, keptBytes: delivery.body.length })
    return deliveryId
  })
  if (refused.some(({ submissionId }) => submissionId !== null)) evict(statements, 'proven')
  if (refused.some(({ submissionId }) => submissionId === null)) evict(statements, 'unproven')
  return deliveryIds
}

const LISTED = 100

function evict(statements: Statements, kind: 'proven' | 'unproven'): void {
  const isUnproven = kind === 'unproven' ? 1 : 0
  for (;;) {
    const totals = statements.sumRejected.get({ isUnproven }) ?? { count: 0, bytes: 0 }
    const oldest = statements.listOldestRejected.all({ isUnproven, limit: LISTED })
    const evicted = selectEvicted(kind, totals, oldest)
    for (const { seq } of evicted) statements.deleteRefused.run({ seq })
    if (evicted.length < LISTED) return
  }
}

export function findRefused(statements: Statements, deliveryId: string): RefusedDelivery | undefined {
  const row = statements.findRefused.get({ deliveryId })
  if (row === undefined) return undefined
  const { seq: _, keptBytes: __, ...refused } = row
  return refused
}
