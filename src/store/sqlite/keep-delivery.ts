import type { NewDelivery, RecordedDelivery } from '../../domain/delivery.ts'
import type { Answer } from '../../domain/judge-answer.ts'
import type { deliveries } from './schema/deliveries.ts'
import type { Statements } from './statements.ts'

export type Row = Omit<typeof deliveries.$inferSelect, 'seq'>

/** What is not known of a delivery. */
export const UNKNOWN = {
  cause: null,
  submissionSeq: null,
  fileId: null,
  service: null,
  finalStatus: null,
  unclaimedError: null,
  eventId: null,
  unclaimedRequestId: null,
} as const satisfies Partial<Row>

export type Sent = Pick<NewDelivery, 'headers' | 'body'> & { uploadAnswer: Answer | null }

/** Writes a delivery down, whatever became of it, and apart from it what was sent. */
export function keepDelivery(statements: Statements, row: Row, sent: Sent): void {
  insertSent(statements, insertDelivery(statements, row), sent)
}

/** Returns the number of its row. */
export function insertDelivery(statements: Statements, row: Row): number | bigint {
  return statements.insertDelivery.run(row).lastInsertRowid
}

export function insertSent(
  statements: Statements,
  deliverySeq: number | bigint,
  { headers, body, uploadAnswer }: Sent,
): void {
  statements.insertDeliveryBody.run({ deliverySeq, headers, body, uploadAnswer })
}

/** Of what was forgotten: that something came is told, and nothing of what. */
export function keepNothing(
  statements: Statements,
  {
    deliveryId,
    route,
    receivedAt,
    signature,
  }: Pick<NewDelivery, 'deliveryId' | 'route' | 'receivedAt' | 'signature'>,
): RecordedDelivery {
  const recorded = { outcome: 'ignored', cause: 'forgotten', fileId: null, runId: null } as const
  const { outcome, cause } = recorded
  const row = { ...UNKNOWN, deliveryId, route, receivedAt, outcome, cause, signature }
  keepDelivery(statements, row, { headers: {}, body: Buffer.alloc(0), uploadAnswer: null })
  return recorded
}
