import { eq, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { clockTrust } from './schema/clock-trust.ts'
import { excluded } from './submission-statements.ts'

const { placeholder } = sql

export function prepareClockStatements(db: BetterSQLite3Database) {
  return {
    saveClockTrust: db
      .insert(clockTrust)
      .values({ id: 1, trustedAt: placeholder('trustedAt'), doubtedMs: placeholder('doubtedMs') })
      .onConflictDoUpdate({
        target: clockTrust.id,
        set: { trustedAt: excluded(clockTrust.trustedAt), doubtedMs: excluded(clockTrust.doubtedMs) },
      })
      .prepare(),
    findClockTrust: db
      .select({ trustedAt: clockTrust.trustedAt, doubtedMs: clockTrust.doubtedMs })
      .from(clockTrust)
      .where(eq(clockTrust.id, 1))
      .prepare(),
  }
}
