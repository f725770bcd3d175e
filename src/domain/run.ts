import type { Json } from './json.ts'

export type FinalStatus = 'success' | 'failed'

export type RunStatus = 'pending' | FinalStatus | 'expired'

/** What the present status comes from. `request`: nothing has been reported yet. `reconcile`: evidence. */
export type RunSource = 'request' | 'response' | 'webhook' | 'reconcile' | 'expiry'

export type FileVersion = { id: string; name: string | null }

/** What shows that an extension has done its work: a property of the file at the time of the request, and now. */
export type Evidence =
  | { kind: 'new_ai_tags'; source: string; before: string[]; now: string[] }
  | { kind: 'newer_version'; before: FileVersion; now: FileVersion }
  | { kind: 'new_description'; before: string | null; now: string }

/** `asset_gone`: ImageKit no longer has the file. `timed_out`: the window has passed without a result or evidence. */
export type ExpiryReason = 'asset_gone' | 'timed_out'

/** Why a run has a status that ImageKit itself did not report. */
export type StatusReason = Evidence | { kind: ExpiryReason }

/** One extension of one submission: the thing that has a status. Times are milliseconds since the epoch. */
export type Run = {
  runId: string
  submissionId: string
  name: string
  /** `saved-extension` if the run was requested under this name, and `name` is what ImageKit reports; else null. */
  requestedAs: string | null
  status: RunStatus
  source: RunSource
  attempt: number
  requestedAt: number
  /** Null for a `pending` or `expired` run. */
  settledAt: number | null
  updatedAt: number
  /** ImageKit's error, unchanged. One over 16 KiB, or nested too deeply, is replaced by `{ truncated: true, bytes }`. */
  error: Json | null
  /** The evidence that settled the run, or why it expired; else null. */
  evidence: StatusReason | null
  /** A webhook has reported the opposite of the final status. */
  contradicted: boolean
  /** When an operator acknowledged the run; null if it is not acknowledged. A later result that settles the run clears it. */
  acknowledgedAt: number | null
}

/** An expired run is not final: a late result still settles it. */
export function isFinal(status: RunStatus): status is FinalStatus {
  return status === 'success' || status === 'failed'
}

/** Whether this change brings a run to its final status, which happens once. An expired run is not settled. */
export function isSettledNow<R extends Pick<Run, 'status'>>(
  before: Pick<Run, 'status'> | undefined,
  after: R,
): after is R & { status: FinalStatus } {
  return isFinal(after.status) && !(before && isFinal(before.status))
}

/** Operators acknowledge only runs that are no longer pending. */
export function isAcknowledgeable({ status }: Pick<Run, 'status'>): boolean {
  return status !== 'pending'
}

/** A new run, before anything that ImageKit reports is applied to it. */
export function requestedRun(facts: {
  runId: string
  submissionId: string
  name: string
  attempt: number
  at: number
}): Run {
  return {
    runId: facts.runId,
    submissionId: facts.submissionId,
    name: facts.name,
    requestedAs: null,
    status: 'pending',
    source: 'request',
    attempt: facts.attempt,
    requestedAt: facts.at,
    settledAt: null,
    updatedAt: facts.at,
    error: null,
    evidence: null,
    contradicted: false,
    acknowledgedAt: null,
  }
}

/** Whether the reason is evidence that settled a run, rather than why it expired. */
export function isEvidence(reason: StatusReason): reason is Evidence {
  return reason.kind !== 'asset_gone' && reason.kind !== 'timed_out'
}
