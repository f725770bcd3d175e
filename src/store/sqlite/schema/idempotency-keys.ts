import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { StoredAnswer } from '../../../domain/idempotency.ts'
import { jsonColumn } from '../json-column.ts'
import { submissions } from './submissions.ts'

export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    scope: text('scope').primaryKey(),
    claimedAt: integer('claimed_at').notNull(),
    fingerprint: text('fingerprint'),
    submissionSeq: integer('submission_seq').references(() => submissions.seq, { onDelete: 'cascade' }),
    /** The process that claimed it is dead. */
    abandoned: integer('abandoned', { mode: 'boolean' }).notNull(),
    answer: jsonColumn<StoredAnswer>('answer'),
  },
  (table) => [
    index('idempotency_keys_by_age').on(table.claimedAt),
    index('idempotency_keys_by_submission').on(table.submissionSeq),
    index('idempotency_keys_unanswered').on(table.scope).where(sql`${table.answer} IS NULL`),
  ],
)
