import { and, asc, eq, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { deliveries, deliveryBodies } from './schema.ts'

const { placeholder } = sql

export function prepareDeliveryStatements(db: BetterSQLite3Database) {
  return {
    insertDelivery: db
      .insert(deliveries)
      .values({
        deliveryId: placeholder('deliveryId'),
        route: placeholder('route'),
        receivedAt: placeholder('receivedAt'),
        outcome: placeholder('outcome'),
        cause: placeholder('cause'),
        signature: placeholder('signature'),
        submissionSeq: placeholder('submissionSeq'),
        missingSubmissionId: placeholder('missingSubmissionId'),
        fileId: placeholder('fileId'),
        service: placeholder('service'),
        finalStatus: placeholder('finalStatus'),
        unclaimedError: placeholder('unclaimedError'),
      })
      .returning({ seq: deliveries.seq })
      .prepare(),
    insertDeliveryBody: db
      .insert(deliveryBodies)
      .values({
        deliverySeq: placeholder('deliverySeq'),
        headers: placeholder('headers'),
        body: placeholder('body'),
      })
      .prepare(),
    listUnclaimed: db
      .select()
      .from(deliveries)
      .where(
        and(
          eq(deliveries.submissionSeq, placeholder('submissionSeq')),
          eq(deliveries.service, placeholder('service')),
          eq(deliveries.cause, 'not_requested'),
        ),
      )
      .orderBy(asc(deliveries.seq))
      .prepare(),
    claimDelivery: db
      .update(deliveries)
      .set({ outcome: sql`${placeholder('outcome')}`, cause: null, unclaimedError: null })
      .where(eq(deliveries.deliveryId, placeholder('deliveryId')))
      .prepare(),
  }
}
