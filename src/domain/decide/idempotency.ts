import { IDEMPOTENCY_WINDOW_MS, type IdempotencyClaim, type KeyClaim } from '../idempotency.ts'
import type { Facts, Step } from './step.ts'
import type { ClaimRow } from './tables.ts'

/**
 * Claims a key for 24 hours. An older claim of the same scope counts as none unless its request still runs. A request that does not
 * know whether it has claimed the key may claim it again.
 */
export function claimIdempotencyKey({ scope, nonce }: KeyClaim, at: number): Step<IdempotencyClaim> {
  return {
    keys: [['claims', scope]],
    decide(facts) {
      const known = facts.find('claims', scope)
      if (known?.nonce === nonce) return { result: { kind: 'claimed' }, changes: {} }
      if (known !== undefined && !isExpired(known, at)) return { result: describeClaim(known), changes: {} }
      const claim: ClaimRow = {
        scope,
        nonce,
        claimedAt: at,
        fingerprint: null,
        submissionId: null,
        abandoned: false,
        answer: null,
      }
      const rows = { claims: [claim] }
      const changes = known === undefined ? { insert: rows } : { update: rows }
      return { result: { kind: 'claimed' }, changes }
    },
  }
}

/** A claim that was made at this time or earlier has expired, unless its request still runs. */
export function lastExpiredAt(now: number): number {
  return now - IDEMPOTENCY_WINDOW_MS
}

/** A claim whose request still runs never expires, however long it takes and whatever the clock says. */
export function isExpired(claim: Pick<ClaimRow, 'claimedAt' | 'answer' | 'abandoned'>, at: number): boolean {
  return claim.claimedAt <= lastExpiredAt(at) && !isRunning(claim)
}

function isRunning({ answer, abandoned }: Pick<ClaimRow, 'answer' | 'abandoned'>): boolean {
  return answer === null && !abandoned
}

function describeClaim(claim: ClaimRow): Exclude<IdempotencyClaim, { kind: 'claimed' }> {
  const { fingerprint, answer, abandoned, submissionId } = claim
  if (fingerprint === null) return { kind: 'running' }
  if (answer !== null) return { kind: 'answered', fingerprint, answer }
  if (!abandoned || submissionId === null) return { kind: 'running' }
  return { kind: 'abandoned', fingerprint, submissionId }
}

/** The claim while its request holds it. The process of the request may have been taken for dead, and the key be another's by now. */
export function findHeld(facts: Facts, { scope, nonce }: KeyClaim): ClaimRow | undefined {
  const known = facts.find('claims', scope)
  return known?.nonce === nonce ? known : undefined
}

/** Gives a claim back whose request ended without an answer that may be repeated. Another's claim stays. */
export function releaseIdempotencyKey(claim: KeyClaim): Step<void> {
  const { scope } = claim
  return {
    keys: [['claims', scope]],
    decide(facts) {
      const claims = findHeld(facts, claim)?.answer === null ? [scope] : []
      return { result: undefined, changes: { remove: { claims } } }
    },
  }
}
