import { type ClaimResult, IDEMPOTENCY_WINDOW_MS, type KeyClaim } from '../idempotency.ts'
import type { ClaimRow } from './rows.ts'
import type { Facts, Step } from './step.ts'

/**
 * Claims a key for 24 hours. A claim that is older than 24 hours is replaced, unless its request is still running. A request that
 * does not know whether its claim succeeded may claim again.
 */
export function claimIdempotencyKey({ scope, nonce }: KeyClaim, at: number): Step<ClaimResult> {
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
        response: null,
      }
      const rows = { claims: [claim] }
      const changes = known === undefined ? { insert: rows } : { update: rows }
      return { result: { kind: 'claimed' }, changes }
    },
  }
}

/** A claim made at this time or earlier has expired, unless its request is still running. */
export function lastExpiredAt(now: number): number {
  return now - IDEMPOTENCY_WINDOW_MS
}

/** The claim of a running request never expires, however long it takes and whatever the clock shows. */
export function isExpired(
  claim: Pick<ClaimRow, 'claimedAt' | 'response' | 'abandoned'>,
  at: number,
): boolean {
  return claim.claimedAt <= lastExpiredAt(at) && !isRunning(claim)
}

function isRunning({ response, abandoned }: Pick<ClaimRow, 'response' | 'abandoned'>): boolean {
  return response === null && !abandoned
}

function describeClaim(claim: ClaimRow): Exclude<ClaimResult, { kind: 'claimed' }> {
  const { fingerprint, response, abandoned, submissionId } = claim
  if (fingerprint === null) return { kind: 'running' }
  if (response !== null) return { kind: 'responded', fingerprint, response }
  if (!abandoned || submissionId === null) return { kind: 'running' }
  return { kind: 'abandoned', fingerprint, submissionId }
}

/** The claim, if this request still has it. If its process was assumed dead, another request may have the key by now. */
export function findOwnClaim(facts: Facts, { scope, nonce }: KeyClaim): ClaimRow | undefined {
  const known = facts.find('claims', scope)
  return known?.nonce === nonce ? known : undefined
}

/**
 * Releases the claim of a request that ended without a repeatable response. A claim of another request stays, and so does one with a
 * response.
 */
export function releaseIdempotencyKey(claim: KeyClaim): Step<void> {
  const { scope } = claim
  return {
    keys: [['claims', scope]],
    decide(facts) {
      const claims = findOwnClaim(facts, claim)?.response === null ? [scope] : []
      return { result: undefined, changes: { remove: { claims } } }
    },
  }
}
