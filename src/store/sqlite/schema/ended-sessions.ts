import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Operators' sessions that were signed out before their time was over. */
export const endedSessions = sqliteTable(
  'ended_sessions',
  {
    sessionId: text('session_id').primaryKey(),
    endsAt: integer('ends_at').notNull(),
  },
  (table) => [index('ended_sessions_by_end').on(table.endsAt)],
)
