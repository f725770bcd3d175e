import type { NewDelivery } from '../../domain/delivery.ts'
import type { Answer } from '../../domain/judge-answer.ts'
import type { deliveries } from './schema/deliveries.ts'
import type { Statements } from './statements.ts'

type Sent = Pick<NewDelivery, 'headers' | 'body'> & { uploadAnswer: Answer | null }

/** Writes a delivery down, whatever became of it, and apart from it what was sent. */
export function keepDelivery(
  statements: Statements,
  row: Omit<typeof deliveries.$inferSelect, 'seq'>,
  { headers, body, uploadAnswer }: Sent,
): void {
  const { seq } = statements.insertDelivery.get(row)
  statements.insertDeliveryBody.run({ deliverySeq: seq, headers, body, uploadAnswer })
}
