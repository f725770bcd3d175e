import { sql } from 'drizzle-orm'
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
  }
}
