import { asc, count, eq, gte, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { refusedDeliveries as refused } from './schema/refused-deliveries.ts'

const { placeholder } = sql

export function prepareRefusedStatements(db: BetterSQLite3Database) {
  // As the index has it.
  const isOfKind = sql`(${refused.submissionId} IS NULL) = ${placeholder('isUnproven')}`
  const ofDelivery = eq(refused.deliveryId, placeholder('deliveryId'))
  return {
    insertRefused: db
      .insert(refused)
      .values({
        seq: placeholder('seq'),
        deliveryId: placeholder('deliveryId'),
        route: placeholder('route'),
        receivedAt: placeholder('receivedAt'),
        cause: placeholder('cause'),
        token: placeholder('token'),
        submissionId: placeholder('submissionId'),
        fileId: placeholder('fileId'),
        headers: placeholder('headers'),
        bytes: placeholder('bytes'),
        keptBytes: placeholder('keptBytes'),
        body: placeholder('body'),
      })
      .prepare(),
    sumRejected: db
      .select({ count: count(), bytes: sql<number>`total(${refused.keptBytes})` })
      .from(refused)
      .where(isOfKind)
      .prepare(),
    listOldestRejected: db
      .select({ seq: refused.seq, keptBytes: refused.keptBytes })
      .from(refused)
      .where(isOfKind)
      .orderBy(asc(refused.seq))
      .limit(placeholder('limit'))
      .prepare(),
    deleteRefused: db
      .delete(refused)
      .where(eq(refused.seq, placeholder('seq')))
      .prepare(),
    countRejected: db
      .select({ cause: refused.cause, count: count() })
      .from(refused)
      .where(gte(refused.receivedAt, placeholder('since')))
      // The `+` keeps SQLite from walking an index by cause instead of the recent ones by time.
      .groupBy(sql`+${refused.cause}`)
      .prepare(),
    findRefused: db.select().from(refused).where(ofDelivery).prepare(),
    forgetRefused: db.delete(refused).where(ofDelivery).prepare(),
  }
}
