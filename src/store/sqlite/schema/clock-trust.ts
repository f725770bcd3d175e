import { integer, sqliteTable } from 'drizzle-orm/sqlite-core'

/** Until when the clock is known to have been right; one row. */
export const clockTrust = sqliteTable('clock_trust', {
  id: integer('id').primaryKey(),
  trustedAt: integer('trusted_at').notNull(),
  doubtedMs: integer('doubted_ms').notNull(),
})
