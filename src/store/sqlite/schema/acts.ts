import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { ActKind } from '../../../domain/act.ts'
import type { JsonObject } from '../../../domain/json.ts'
import { jsonColumn } from '../json-column.ts'

/** What operators have done. */
export const acts = sqliteTable(
  'acts',
  {
    seq: integer('seq').primaryKey(),
    at: integer('at').notNull(),
    /** The name of the key that was shown. */
    actor: text('actor').notNull(),
    kind: text('kind').$type<ActKind>().notNull(),
    /** The id of what it was done to; null where it was done to many. */
    subject: text('subject'),
    reason: text('reason'),
    details: jsonColumn<JsonObject>('details'),
  },
  (table) => [index('acts_by_subject').on(table.subject)],
)
