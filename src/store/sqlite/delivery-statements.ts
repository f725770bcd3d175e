import { asc, desc, eq, gt, lt, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { compileWrite } from './compiled-statement.ts'
import type { Connection } from './connection.ts'
import { deliveries, deliveryBodies } from './schema/deliveries.ts'
import { submissions } from './schema/submissions.ts'

const { placeholder } = sql

export function prepareDeliveryStatements(db: BetterSQLite3Database, connection: Connection) {
  return {
    insertDelivery: compileWrite(
      connection,
      db.insert(deliveries).values({
        seq: placeholder('seq'),
        deliveryId: placeholder('deliveryId'),
        route: placeholder('route'),
        receivedAt: placeholder('receivedAt'),
        outcome: placeholder('outcome'),
        cause: placeholder('cause'),
        signature: placeholder('signature'),
        submissionSeq: placeholder('submissionSeq'),
        fileId: placeholder('fileId'),
        service: placeholder('service'),
        finalStatus: placeholder('finalStatus'),
        unclaimedError: placeholder('unclaimedError'),
        eventId: placeholder('eventId'),
        unclaimedRequestId: placeholder('unclaimedRequestId'),
      }),
    ),
    insertDeliveryBody: compileWrite(
      connection,
      db.insert(deliveryBodies).values({
        deliverySeq: placeholder('deliverySeq'),
        headers: placeholder('headers'),
        body: placeholder('body'),
        uploadAnswer: placeholder('uploadAnswer'),
      }),
    ),
    findBody: db
      .select({ body: deliveryBodies.body })
      .from(deliveries)
      .innerJoin(deliveryBodies, eq(deliveryBodies.deliverySeq, deliveries.seq))
      .where(eq(deliveries.deliveryId, placeholder('deliveryId')))
      .prepare(),
    findNewestDelivery: db
      .select({ at: deliveries.receivedAt })
      .from(deliveries)
      .where(lt(deliveries.seq, placeholder('before')))
      .orderBy(desc(deliveries.seq))
      .limit(1)
      .prepare(),
    findNewestSubmission: db
      .select({ at: submissions.createdAt })
      .from(submissions)
      .where(lt(submissions.seq, placeholder('before')))
      .orderBy(desc(submissions.seq))
      .limit(1)
      .prepare(),
    listBodies: db
      .select({
        seq: deliveryBodies.deliverySeq,
        receivedAt: deliveries.receivedAt,
        bytes: sql<number>`length(${deliveryBodies.body})`,
      })
      .from(deliveryBodies)
      .innerJoin(deliveries, eq(deliveries.seq, deliveryBodies.deliverySeq))
      .where(gt(deliveryBodies.deliverySeq, placeholder('after')))
      .orderBy(asc(deliveryBodies.deliverySeq))
      .limit(placeholder('limit'))
      .prepare(),
    deleteBody: db
      .delete(deliveryBodies)
      .where(eq(deliveryBodies.deliverySeq, placeholder('seq')))
      .prepare(),
  }
}
