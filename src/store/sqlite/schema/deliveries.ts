import { sql } from 'drizzle-orm'
import { blob, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { DeliveryOutcome, DeliveryRoute, SignatureCheck } from '../../../domain/delivery.ts'
import type { Json } from '../../../domain/json.ts'
import type { Answer } from '../../../domain/judge-answer.ts'
import type { DeliveryCause } from '../../../domain/judge-delivery.ts'
import type { FinalStatus } from '../../../domain/run.ts'
import { jsonColumn } from '../json-column.ts'
import { submissions } from './submissions.ts'

/** The run of a delivery is the one of its submission with the name `service`, so it is not stored. */
export const deliveries = sqliteTable(
  'deliveries',
  {
    seq: integer('seq').primaryKey(),
    deliveryId: text('delivery_id').notNull().unique(),
    route: text('route').$type<DeliveryRoute>().notNull(),
    receivedAt: integer('received_at').notNull(),
    outcome: text('outcome').$type<DeliveryOutcome>().notNull(),
    cause: text('cause').$type<DeliveryCause>(),
    signature: text('signature').$type<SignatureCheck>().notNull(),
    submissionSeq: integer('submission_seq').references(() => submissions.seq, { onDelete: 'cascade' }),
    fileId: text('file_id'),
    service: text('service'),
    finalStatus: text('final_status').$type<FinalStatus>(),
    /** Kept until a run takes the delivery; afterwards the run has it. */
    unclaimedError: jsonColumn<Json>('unclaimed_error'),
    eventId: text('event_id'),
    /** Of the upload whose end it tells, until the submission of that upload takes it. */
    unclaimedRequestId: text('unclaimed_request_id'),
  },
  (table) => [
    // The derived key of an effect: at most one `applied` or `contradicted` for each (submission, extension, final
    // status). Other deliveries have NULL there, and NULLs never collide; so the same index finds all of a run's
    // deliveries. Written without a comma: drizzle-kit cuts expressions at commas.
    uniqueIndex('deliveries_by_effect').on(
      table.submissionSeq,
      table.service,
      sql`CASE WHEN "outcome" = 'applied' OR "outcome" = 'contradicted' THEN "final_status" END`,
    ),
    // An event takes effect once. Its repetitions are kept too, and bear its id.
    uniqueIndex('deliveries_by_event')
      .on(table.eventId)
      .where(sql`${table.eventId} IS NOT NULL AND ${table.outcome} <> 'duplicate'`),
    // Nearly all are `applied`: those are found in the order of the primary key.
    index('deliveries_by_outcome').on(table.outcome).where(sql`${table.outcome} <> 'applied'`),
    // The others of a file are found by its submissions. What was ignored may name a file of no submission.
    index('deliveries_of_files')
      .on(table.fileId)
      .where(sql`${table.submissionSeq} IS NULL OR ${table.outcome} = 'ignored'`),
    index('deliveries_unclaimed_uploads')
      .on(table.unclaimedRequestId)
      .where(sql`${table.unclaimedRequestId} IS NOT NULL`),
  ],
)

/** Apart from `deliveries`, so that pruning them frees whole pages and lists never read them. */
export const deliveryBodies = sqliteTable('delivery_bodies', {
  deliverySeq: integer('delivery_seq')
    .primaryKey()
    .references(() => deliveries.seq, { onDelete: 'cascade' }),
  headers: jsonColumn<{ [name: string]: string }>('headers').notNull(),
  body: blob('body', { mode: 'buffer' }).notNull(),
  /** What an unclaimed delivery tells of an upload. */
  uploadAnswer: jsonColumn<Answer>('upload_answer'),
})
