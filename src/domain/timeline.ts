import type { AuditKind } from './audit-entry.ts'
import type { Json } from './json.ts'
import type { ListedDelivery } from './listed-delivery.ts'
import {
  type Evidence,
  type ExpiryReason,
  type FinalStatus,
  isEvidence,
  type RunSource,
  type StatusReason,
} from './run.ts'
import type { RunHistory } from './run-history.ts'
import type { SubmissionError, SubmissionKind, SubmissionState } from './submission.ts'

/**
 * One event in a run's life; `at` in milliseconds since the epoch. `notified`: `at` is when the notification was created; `attempt` is
 * its due or last attempt, and `result` and `reason` are those of its latest ended attempt.
 */
export type TimelineEvent = { at: number } & (
  | { what: 'requested'; by: string | null; kind: SubmissionKind; attempt: number }
  | { what: 'responded'; state: SubmissionState; requestId: string | null; error: SubmissionError | null }
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
  | { what: 'notified'; attempt: number; result: string | null; reason: string | null }
  | { what: AuditKind; by: string; reason: string | null }
)

/** The events of a run in chronological order; events of the same time in the order of cause and effect. */
export function timelineOf(history: RunHistory): TimelineEvent[] {
  const { run, submission, respondedAt, deliveries, notification, auditEntries } = history
  const { keyName, kind, state, requestId, error } = submission
  const events: TimelineEvent[] = [
    { at: run.requestedAt, what: 'requested', by: keyName, kind, attempt: run.attempt },
  ]
  if (respondedAt !== null) events.push({ at: respondedAt, what: 'responded', state, requestId, error })
  for (const { receivedAt, deliveryId, outcome, cause } of deliveries)
    events.push({ at: receivedAt, what: 'delivery', deliveryId, outcome, cause })
  events.push(...endEventsOf(run))
  if (notification !== null) {
    const { createdAt, attempt, result, reason } = notification
    events.push({ at: createdAt, what: 'notified', attempt, result, reason })
  }
  for (const { at, kind: what, actor, reason } of auditEntries) events.push({ at, what, by: actor, reason })
  return events.toSorted((one, other) => one.at - other.at)
}

/** The event that brought the run to its present status; none while it is pending. */
function endEventsOf({
  status,
  source,
  settledAt,
  updatedAt,
  error,
  evidence,
}: RunHistory['run']): TimelineEvent[] {
  switch (status) {
    case 'pending':
      return []
    case 'expired':
      return [{ at: updatedAt, what: 'expired', reason: expiryReasonOf(evidence) }]
    case 'success':
    case 'failed':
      return [
        {
          at: settledAt ?? updatedAt,
          what: 'settled',
          status,
          source,
          error,
          evidence: evidenceOf(evidence),
        },
      ]
  }
}

function expiryReasonOf(statusReason: StatusReason | null): ExpiryReason | null {
  return statusReason === null || isEvidence(statusReason) ? null : statusReason.kind
}

function evidenceOf(statusReason: StatusReason | null): Evidence | null {
  return statusReason !== null && isEvidence(statusReason) ? statusReason : null
}
