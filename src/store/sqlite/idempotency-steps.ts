import { IDEMPOTENCY_WINDOW_MS, type IdempotencyClaim, type StoredAnswer } from '../../domain/idempotency.ts'
import type { Statements } from './statements.ts'

export function claimIdempotencyKey(statements: Statements, scope: string, at: number): IdempotencyClaim {
  const expiredAt = at - IDEMPOTENCY_WINDOW_MS
  statements.deleteExpired.run({ expiredAt })
  const found = statements.findKey.get({ scope })
  // One that is under way is not free, however long it takes or wherever the clock is.
  if (found !== undefined && (found.key.claimedAt > expiredAt || isUnderWay(found.key)))
    return describeClaim(found)
  if (found !== undefined) statements.deleteKey.run({ scope })
  statements.insertKey.run({ scope, claimedAt: at })
  return { kind: 'claimed' }
}

function isUnderWay({ answer, abandoned }: { answer: StoredAnswer | null; abandoned: boolean }): boolean {
  return answer === null && !abandoned
}

function describeClaim(
  found: NonNullable<ReturnType<Statements['findKey']['get']>>,
): Exclude<IdempotencyClaim, { kind: 'claimed' }> {
  const { fingerprint, answer, abandoned } = found.key
  if (fingerprint === null) return { kind: 'running' }
  if (answer !== null) return { kind: 'answered', fingerprint, answer }
  if (!abandoned || found.submissionId === null) return { kind: 'running' }
  return { kind: 'abandoned', fingerprint, submissionId: found.submissionId }
}

/**
 * The claims of a dead process. One whose submission ImageKit may have is marked; one whose request had not come so far,
 * or whose submission was refused without an answer to keep, is free again.
 */
export function recoverClaims(statements: Statements): void {
  statements.abandonUnanswered.run()
  statements.deleteNeverSubmitted.run()
}
