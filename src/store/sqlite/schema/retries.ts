import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { RetryItemState } from '../../../domain/retry.ts'
import { runs } from './runs.ts'
import { submissions } from './submissions.ts'

/** Many runs that are asked for again, one after another. */
export const retries = sqliteTable('retries', {
  seq: integer('seq').primaryKey(),
  retryId: text('retry_id').notNull().unique(),
  createdAt: integer('created_at').notNull(),
  actor: text('actor').notNull(),
})

export const retryItems = sqliteTable(
  'retry_items',
  {
    seq: integer('seq').primaryKey(),
    retrySeq: integer('retry_seq')
      .notNull()
      .references(() => retries.seq, { onDelete: 'cascade' }),
    runSeq: integer('run_seq')
      .notNull()
      .references(() => runs.seq, { onDelete: 'cascade' }),
    state: text('state').$type<RetryItemState>().notNull(),
    /** The submission that asks for it again. */
    submissionSeq: integer('submission_seq').references(() => submissions.seq, { onDelete: 'set null' }),
    reason: text('reason'),
  },
  (table) => [
    index('retry_items_by_retry').on(table.retrySeq, table.state),
    index('retry_items_waiting').on(table.state).where(sql`${table.state} = 'waiting'`),
    index('retry_items_under_way').on(table.state).where(sql`${table.state} = 'submitting'`),
    index('retry_items_by_run').on(table.runSeq),
    index('retry_items_by_submission').on(table.submissionSeq).where(sql`${table.submissionSeq} IS NOT NULL`),
  ],
)
