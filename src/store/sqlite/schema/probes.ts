import { blob, integer, sqliteTable } from 'drizzle-orm/sqlite-core'

export const probes = sqliteTable('probes', {
  seq: integer('seq').primaryKey(),
  filler: blob('filler', { mode: 'buffer' }).notNull(),
})
