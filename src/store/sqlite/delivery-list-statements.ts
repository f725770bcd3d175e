import { and, asc, desc, eq, inArray, isNull, lt, or, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { deliveries, deliveryBodies } from './schema/deliveries.ts'
import { refusedDeliveries as refused } from './schema/refused-deliveries.ts'
import { runs } from './schema/runs.ts'
import { submissions } from './schema/submissions.ts'

const { placeholder } = sql

export function prepareDeliveryListStatements(db: BetterSQLite3Database) {
  const listed = () =>
    db
      .select({ delivery: deliveries, submissionId: submissions.submissionId, runId: runs.runId })
      .from(deliveries)
      .leftJoin(submissions, eq(submissions.seq, deliveries.submissionSeq))
      .leftJoin(
        runs,
        and(eq(runs.submissionSeq, deliveries.submissionSeq), eq(runs.name, deliveries.service)),
      )
  const isBefore = lt(deliveries.seq, placeholder('before'))
  const isOutcome = sql`(${placeholder('outcome')} IS NULL OR ${deliveries.outcome} = ${placeholder('outcome')})`
  const newestFirst = desc(deliveries.seq)
  const limit = placeholder('limit')
  const { seq, deliveryId, route, receivedAt, cause, submissionId } = refused
  return {
    listDeliveries: listed().where(isBefore).orderBy(newestFirst).limit(limit).prepare(),
    // The word stands in the statement, or SQLite could not use the partial index for the others.
    listApplied: listed()
      .where(and(sql`${deliveries.outcome} = 'applied'`, isBefore))
      .orderBy(newestFirst)
      .limit(limit)
      .prepare(),
    listOutcome: listed()
      .where(
        and(
          eq(deliveries.outcome, placeholder('outcome')),
          sql`${deliveries.outcome} <> 'applied'`,
          isBefore,
        ),
      )
      .orderBy(newestFirst)
      .limit(limit)
      .prepare(),
    listOfSubmission: listed()
      .where(and(eq(deliveries.submissionSeq, placeholder('submissionSeq')), isOutcome, isBefore))
      .orderBy(newestFirst)
      .limit(limit)
      .prepare(),
    listOfFile: listed()
      .where(
        and(
          eq(deliveries.fileId, placeholder('fileId')),
          sql`(${deliveries.submissionSeq} IS NULL OR ${deliveries.outcome} = 'ignored')`,
          isOutcome,
          isBefore,
        ),
      )
      .orderBy(newestFirst)
      .limit(limit)
      .prepare(),
    listOfRun: listed()
      .where(
        and(
          eq(deliveries.submissionSeq, placeholder('submissionSeq')),
          or(eq(deliveries.service, placeholder('service')), isNull(deliveries.service)),
        ),
      )
      .orderBy(asc(deliveries.seq))
      .limit(limit)
      .prepare(),
    findDelivery: listed()
      .where(eq(deliveries.deliveryId, placeholder('deliveryId')))
      .prepare(),
    findDeliveryBody: db
      .select({ headers: deliveryBodies.headers, body: deliveryBodies.body })
      .from(deliveryBodies)
      .where(eq(deliveryBodies.deliverySeq, placeholder('deliverySeq')))
      .prepare(),
    listRefused: db
      .select({ seq, deliveryId, route, receivedAt, cause, submissionId })
      .from(refused)
      .where(lt(refused.seq, placeholder('before')))
      .orderBy(desc(refused.seq))
      .limit(limit)
      .prepare(),
    findOfFile: db
      .select({ seq: deliveries.seq })
      .from(deliveries)
      .where(
        and(
          eq(deliveries.fileId, placeholder('fileId')),
          sql`(${deliveries.submissionSeq} IS NULL OR ${deliveries.outcome} = 'ignored')`,
        ),
      )
      .limit(1)
      .prepare(),
    deleteOfFile: db
      .delete(deliveries)
      .where(
        inArray(
          deliveries.seq,
          db
            .select({ seq: deliveries.seq })
            .from(deliveries)
            .where(
              and(
                eq(deliveries.fileId, placeholder('fileId')),
                sql`(${deliveries.submissionSeq} IS NULL OR ${deliveries.outcome} = 'ignored')`,
              ),
            ),
        ),
      )
      .returning({ deliveryId: deliveries.deliveryId })
      .prepare(),
    listIdsOfSubmission: db
      .select({ deliveryId: deliveries.deliveryId })
      .from(deliveries)
      .where(eq(deliveries.submissionSeq, placeholder('submissionSeq')))
      .prepare(),
  }
}
