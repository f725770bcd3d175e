import type { Json } from './json.ts'
import { type Evidence, type ExpiryReason, type FinalStatus, isFinal, type Run } from './run.ts'

/** One fact about a run, with its source. `reconcile` only has `success`, because evidence never shows a failure. */
export type Observation =
  | { source: 'response'; status: 'pending' | FinalStatus }
  | { source: 'webhook'; status: FinalStatus; error: Json | null }
  | { source: 'reconcile'; status: 'success'; evidence: Evidence }
  | { source: 'expiry'; reason: ExpiryReason }

type StatusDecision<R> = { run: R; outcome: RunOutcome }

export type RunOutcome = 'applied' | 'duplicate' | 'contradicted' | 'ignored'

const MAX_ERROR_BYTES = 16 * 1024

/**
 * The only rule that decides a status: the first final status stays. `expired` is not final: a late result settles an expired
 * run. Returns the run after the observation; does not change `run`.
 */
export function decideStatus<R extends Run>(run: R, observation: Observation, at: number): StatusDecision<R> {
  if (observation.source === 'expiry') return expire(run, observation.reason, at)
  if (observation.status === 'pending') return confirmPending(run, at)
  if (!isFinal(run.status)) return settle(run, observation.status, observation, at)
  if (run.status === observation.status) return repeat(run, observation, at)
  return contradict(run, observation)
}

function expire<R extends Run>(run: R, reason: ExpiryReason, at: number): StatusDecision<R> {
  if (run.status !== 'pending') return { run, outcome: 'ignored' }
  const expired: R = {
    ...run,
    status: 'expired',
    source: 'expiry',
    evidence: { kind: reason },
    updatedAt: at,
  }
  return { run: expired, outcome: 'applied' }
}

function confirmPending<R extends Run>(run: R, at: number): StatusDecision<R> {
  if (run.status !== 'pending' || run.source !== 'request') return { run, outcome: 'ignored' }
  return { run: { ...run, source: 'response', updatedAt: at }, outcome: 'applied' }
}

function settle<R extends Run>(
  run: R,
  status: FinalStatus,
  observation: Observation & { source: 'response' | 'webhook' | 'reconcile' },
  at: number,
): StatusDecision<R> {
  const settled: R = {
    ...run,
    status,
    source: observation.source,
    settledAt: at,
    updatedAt: at,
    error: errorOf(observation),
    evidence: observation.source === 'reconcile' ? observation.evidence : null,
    acknowledgedAt: null,
  }
  return { run: settled, outcome: 'applied' }
}

function repeat<R extends Run>(run: R, observation: Observation, at: number): StatusDecision<R> {
  const error = errorOf(observation)
  if (run.error !== null || error === null) return { run, outcome: 'duplicate' }
  return { run: { ...run, error, updatedAt: at }, outcome: 'duplicate' }
}

function contradict<R extends Run>(run: R, observation: Observation): StatusDecision<R> {
  if (observation.source !== 'webhook') return { run, outcome: 'ignored' }
  if (run.contradicted) return { run, outcome: 'duplicate' }
  // The fields that callers see stay the same, so `updatedAt` does, too.
  return { run: { ...run, contradicted: true }, outcome: 'contradicted' }
}

/**
 * The error of a webhook that reports a failure; null for any other observation. An error over `MAX_ERROR_BYTES` is replaced by its
 * size.
 */
function errorOf(observation: Observation): Json | null {
  if (observation.source !== 'webhook' || observation.status !== 'failed') return null
  const bytes = Buffer.byteLength(JSON.stringify(observation.error))
  return bytes > MAX_ERROR_BYTES ? { truncated: true, bytes } : observation.error
}
