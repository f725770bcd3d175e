import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { AlertKind, AlertState } from '../../../domain/alert.ts'

/** What is the matter, or was and has not been told to be over. */
export const alerts = sqliteTable(
  'alerts',
  {
    kind: text('kind').$type<AlertKind>().notNull(),
    /** Empty where it is about all of them. */
    extension: text('extension').notNull(),
    alertId: text('alert_id').notNull(),
    state: text('state').$type<AlertState>().notNull(),
    since: integer('since').notNull(),
    /** When the threshold was passed last. */
    passedAt: integer('passed_at').notNull(),
    resolvedAt: integer('resolved_at'),
    /** What was measured when it came to this state. */
    value: integer('value').notNull(),
    /** The address for alerts has taken the message about this state. */
    isTold: integer('is_told', { mode: 'boolean' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.extension] })],
)
