import { blob, integer, sqliteTable } from 'drizzle-orm/sqlite-core'

/** Assets that were forgotten, and their submissions, as hashes: what still comes for them is not kept. */
export const forgotten = sqliteTable('forgotten', {
  digest: blob('digest', { mode: 'buffer' }).primaryKey(),
  at: integer('at').notNull(),
})
