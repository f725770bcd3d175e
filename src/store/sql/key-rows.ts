import type { KeyRows } from '../delete-expired-keys.ts'
import { waitFor } from '../transaction-work.ts'
import { CLAIM, type ClaimCells, toClaim } from './find-rows.ts'
import type { Statements } from './statements.ts'

/** What is read and deleted of idempotency keys. */
export function createKeyRows({ rows, run, inTexts }: Statements): KeyRows {
  const list = rows<ClaimCells>(`${CLAIM} k.claimed_at <= ? ORDER BY k.claimed_at LIMIT ?`)
  const remove = run(`DELETE FROM idempotency_keys WHERE scope ${inTexts}`)
  return {
    *listClaims(claimedBy, limit) {
      return (yield* waitFor(list(claimedBy, limit))).map(toClaim)
    },
    deleteClaims: (scopes) => waitFor(remove(JSON.stringify(scopes))),
  }
}
