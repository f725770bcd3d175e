import { isExpired, lastExpiredAt } from '../domain/decide/idempotency.ts'
import type { ClaimRow } from '../domain/decide/tables.ts'
import type { Work } from './transaction-work.ts'

/** The number of claims checked in one transaction. */
const CLAIMS_AT_ONCE = 500

/** The database operations, inside a transaction. */
export type KeyRows = {
  /** Those claimed at this time or earlier, oldest first. */
  listClaims: (claimedBy: number, limit: number) => Work<ClaimRow[]>
  deleteClaims: (scopes: readonly string[]) => Work<void>
}

/** Deletes expired idempotency keys. Returns whether there may be more. */
export function* deleteExpiredKeys(rows: KeyRows, now: number): Work<boolean> {
  const claims = yield* rows.listClaims(lastExpiredAt(now), CLAIMS_AT_ONCE)
  const expired = claims.filter((claim) => isExpired(claim, now))
  yield* rows.deleteClaims(expired.map(({ scope }) => scope))
  return claims.length === CLAIMS_AT_ONCE && expired.length > 0
}
