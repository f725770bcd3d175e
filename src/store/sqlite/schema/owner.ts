import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** The process that opened the database last; one row. */
export const owner = sqliteTable('owner', {
  id: integer('id').primaryKey(),
  processId: text('process_id').notNull(),
})
