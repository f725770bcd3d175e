import { lte, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { endedSessions } from './schema/ended-sessions.ts'

const { placeholder } = sql

export function prepareSessionStatements(db: BetterSQLite3Database) {
  return {
    insertEndedSession: db
      .insert(endedSessions)
      .values({ sessionId: placeholder('sessionId'), endsAt: placeholder('endsAt') })
      .onConflictDoNothing()
      .prepare(),
    deleteOverSessions: db
      .delete(endedSessions)
      .where(lte(endedSessions.endsAt, placeholder('before')))
      .prepare(),
    listEndedSessions: db.select().from(endedSessions).prepare(),
  }
}
