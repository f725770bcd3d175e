import { eq, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { owner } from './schema/owner.ts'
import { excluded } from './submission-statements.ts'

const { placeholder } = sql

export function prepareOwnerStatements(db: BetterSQLite3Database) {
  return {
    takeOver: db
      .insert(owner)
      .values({ id: 1, processId: placeholder('processId') })
      .onConflictDoUpdate({ target: owner.id, set: { processId: excluded(owner.processId) } })
      .prepare(),
    findOwner: db.select().from(owner).where(eq(owner.id, 1)).prepare(),
  }
}
