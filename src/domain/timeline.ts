import type { AuditKind } from './audit-entry.ts'
import type { Json } from './json.ts'
import type { ListedDelivery } from './listed-delivery.ts'
import type { FinalStatus, RunSource } from './run.ts'
import type { RunHistory } from './run-history.ts'
import { type Evidence, type ExpiryReason, isEvidence, type StatusReason } from './status-reason.ts'
import type { SubmissionError, SubmissionKind, SubmissionState } from './submission.ts'

/** One thing that happened to a run; `at` in milliseconds since the epoch. */
export type Happening = { at: number } & (
  | { what: 'requested'; by: string | null; kind: SubmissionKind; attempt: number }
  | { what: 'answered'; state: SubmissionState; requestId: string | null; error: SubmissionError | null }
  | {
      what: 'delivery'
      deliveryId: string
      outcome: ListedDelivery['outcome']
      cause: ListedDelivery['cause']
    }
  | {
      what: 'settled'
      status: FinalStatus
      source: RunSource
      error: Json | null
      evidence: Evidence | null
    }
  | { what: 'expired'; reason: ExpiryReason | null }
  | { what: 'told'; attempt: number; result: string | null; reason: string | null }
  | { what: AuditKind; by: string; reason: string | null }
)

/** What is known of a run's life, in the order in which it happened; at the same time, in the order of cause and effect. */
export function timelineOf(history: RunHistory): Happening[] {
  const { run, submission, respondedAt, deliveries, notification, acts } = history
  const { keyName, kind, state, requestId, error } = submission
  const happenings: Happening[] = [
    { at: run.requestedAt, what: 'requested', by: keyName, kind, attempt: run.attempt },
  ]
  if (respondedAt !== null) happenings.push({ at: respondedAt, what: 'answered', state, requestId, error })
  for (const { receivedAt, deliveryId, outcome, cause } of deliveries)
    happenings.push({ at: receivedAt, what: 'delivery', deliveryId, outcome, cause })
  happenings.push(...endOf(run))
  if (notification !== null) {
    const { createdAt, attempt, result, reason } = notification
    happenings.push({ at: createdAt, what: 'told', attempt, result, reason })
  }
  for (const { at, kind: what, actor, reason } of acts) happenings.push({ at, what, by: actor, reason })
  return happenings.toSorted((one, other) => one.at - other.at)
}

function endOf({ status, source, settledAt, updatedAt, error, evidence }: RunHistory['run']): Happening[] {
  switch (status) {
    case 'pending':
      return []
    case 'expired':
      return [{ at: updatedAt, what: 'expired', reason: reasonOf(evidence) }]
    case 'success':
    case 'failed':
      return [
        { at: settledAt ?? updatedAt, what: 'settled', status, source, error, evidence: shown(evidence) },
      ]
  }
}

function reasonOf(basis: StatusReason | null): ExpiryReason | null {
  return basis === null || isEvidence(basis) ? null : basis.kind
}

function shown(basis: StatusReason | null): Evidence | null {
  return basis !== null && isEvidence(basis) ? basis : null
}
