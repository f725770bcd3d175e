import { sql } from 'drizzle-orm'
import { blob, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { DeliveryRoute, RefusalCause } from '../../../domain/delivery.ts'
import { jsonColumn } from '../json-column.ts'

/** Apart from `deliveries`: they are forgotten in the order of their insertion, and touch nothing. */
export const refusedDeliveries = sqliteTable(
  'refused_deliveries',
  {
    seq: integer('seq').primaryKey(),
    deliveryId: text('delivery_id').notNull().unique(),
    route: text('route').$type<DeliveryRoute>().notNull(),
    receivedAt: integer('received_at').notNull(),
    cause: text('cause').$type<RefusalCause>().notNull(),
    token: text('token'),
    submissionId: text('submission_id'),
    fileId: text('file_id'),
    headers: jsonColumn<{ [name: string]: string }>('headers').notNull(),
    bytes: integer('bytes').notNull(),
    keptBytes: integer('kept_bytes').notNull(),
    body: blob('body', { mode: 'buffer' }).notNull(),
  },
  (table) => [
    // Holds all that decides which of them go, so that no body is read for it.
    index('refused_deliveries_by_kind').on(sql`"submission_id" IS NULL`, table.seq, table.keptBytes),
    index('refused_deliveries_by_time').on(table.receivedAt, table.cause),
  ],
)
