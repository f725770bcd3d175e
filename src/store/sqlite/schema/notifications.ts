import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { NO_HOST, type NotificationResult } from '../../../domain/notification.ts'
import { runs } from './runs.ts'

/** What callers are owed to be told, at most one for each run. */
export const notifications = sqliteTable(
  'notifications',
  {
    runSeq: integer('run_seq')
      .primaryKey()
      .references(() => runs.seq, { onDelete: 'cascade' }),
    notificationId: text('notification_id').notNull().unique(),
    target: text('target').notNull(),
    /** Of the target; each has its own queue. */
    host: text('host').notNull().default(NO_HOST),
    /** Null once it is over. */
    body: text('body'),
    attempt: integer('attempt').notNull(),
    createdAt: integer('created_at').notNull(),
    /** Null once it is over. */
    dueAt: integer('due_at'),
    /** How the latest attempt ended; null before the first. */
    result: text('result').$type<NotificationResult['kind']>(),
    reason: text('reason'),
  },
  (table) => [index('notifications_due').on(table.host, table.dueAt).where(sql`${table.dueAt} IS NOT NULL`)],
)
