import { and, asc, desc, eq, inArray, isNotNull, lte, or, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { idempotencyKeys as keys } from './schema/idempotency-keys.ts'

const { placeholder } = sql

/** Enough to keep up: each claim adds one row. */
const MAX_EXPIRED_PER_CLAIM = 20

export function prepareIdempotencyStatements(db: BetterSQLite3Database) {
  const isOver = or(isNotNull(keys.answer), eq(keys.abandoned, true))
  const expired = db
    .select({ scope: keys.scope })
    .from(keys)
    .where(and(lte(keys.claimedAt, placeholder('expiredAt')), isOver))
    .orderBy(asc(keys.claimedAt))
    .limit(MAX_EXPIRED_PER_CLAIM)
  return {
    findNewestClaim: db
      .select({ claimedAt: keys.claimedAt })
      .from(keys)
      .orderBy(desc(keys.claimedAt))
      .limit(1)
      .prepare(),
    deleteExpired: db.delete(keys).where(inArray(keys.scope, expired)).prepare(),
  }
}
