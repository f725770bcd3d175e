import type { NewAccountDelivery, RecordedDelivery, RefusedDelivery } from '../../domain/delivery.ts'
import { TrackerError } from '../../domain/errors.ts'
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

/** Records a delivery; in the same step a replayed one leaves the rejected ones. Throws `unprocessable` if it has left them before. */
export function replaying(
  statements: Statements,
  { deliveryId, isReplay }: Pick<NewAccountDelivery, 'deliveryId' | 'isReplay'>,
  record: () => RecordedDelivery,
): RecordedDelivery {
  if (!isReplay) return record()
  if (statements.findRefused.get({ deliveryId }) === undefined)
    throw new TrackerError('unprocessable', 'This delivery has been replayed already.')
  const recorded = record()
  if (recorded.outcome !== 'rejected') statements.forgetRefused.run({ deliveryId })
  return recorded
}
