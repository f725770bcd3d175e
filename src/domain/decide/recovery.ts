import type { NewIds } from '../ids.ts'
import { isRejected } from '../submission.ts'
import { decideResponse, type UploadResponse } from '../upload-response.ts'
import type { ClaimRow, SubmissionRow } from './rows.ts'
import type { Facts, Key, Step } from './step.ts'
import { submissionOf } from './submission-state.ts'

const UNKNOWN_RESPONSE: UploadResponse = {
  kind: 'unconfirmed',
  requestId: null,
  error: {
    code: 'process_died',
    message: "The process ended before ImageKit's response was stored.",
    status: null,
  },
}

/**
 * Recovers the unfinished work of processes without a heartbeat after `aliveSince`. Their submissions in progress, and the retry
 * items that they were submitting, become `unconfirmed`. An idempotency key without a response is marked as abandoned if ImageKit
 * may have its submission, and is released otherwise. An `external` submission stays as it is: its uploader may still report the
 * response.
 */
export function recoverAbandoned(at: number, aliveSince: number): Step<{ submissions: number }> {
  const since = String(aliveSince)
  return {
    keys: [
      ['unfinishedSubmissions', since],
      ['unfinishedClaims', since],
      ['unfinishedItems', since],
    ],
    more: (facts) => [
      ...facts
        .list('unfinishedSubmissions', since)
        .flatMap(({ submissionId }): Key[] => [['details', submissionId]]),
      ...facts
        .list('unfinishedClaims', since)
        .flatMap(({ submissionId }): Key[] => (submissionId === null ? [] : [['submissions', submissionId]])),
    ],
    decide(facts, ids) {
      const unfinished = facts.list('unfinishedSubmissions', since)
      const submissions = unfinished.flatMap((row) => unconfirmed(facts, ids, row, at))
      const withoutResponse = facts
        .list('unfinishedClaims', since)
        .filter(({ response }) => response === null)
      const staysClaimed = (claim: ClaimRow) => claim.abandoned || mayBeAtImageKit(facts, claim)
      const claims = withoutResponse.filter(staysClaimed).map((claim) => ({ ...claim, abandoned: true }))
      const retryItems = facts
        .list('unfinishedItems', since)
        .filter(({ state }) => state === 'submitting')
        .map((item) => {
          const reason = 'The process ended while the retry was being submitted.'
          return { ...item, state: 'unconfirmed' as const, reason }
        })
      return {
        result: { submissions: submissions.length },
        changes: {
          update: { submissions, claims, retryItems },
          remove: {
            claims: withoutResponse.filter((claim) => !staysClaimed(claim)).map(({ scope }) => scope),
          },
          other: { silentSince: aliveSince },
        },
      }
    },
  }
}

function unconfirmed(facts: Facts, ids: NewIds, row: SubmissionRow, at: number): SubmissionRow[] {
  const details = facts.find('details', row.submissionId)
  if (details === undefined || row.state !== 'submitting' || row.kind === 'external') return []
  const decision = decideResponse(
    submissionOf({ row, details }),
    [],
    UNKNOWN_RESPONSE,
    [],
    () => ids.run(row.submissionId),
    at,
  )
  const { state, error, requestId, updatedAt } = decision.submission
  return [{ ...row, state, error, requestId, updatedAt, respondedAt: row.respondedAt ?? at }]
}

function mayBeAtImageKit(facts: Facts, { submissionId }: ClaimRow): boolean {
  const submission = submissionId === null ? undefined : facts.find('submissions', submissionId)
  return submission !== undefined && !isRejected(submission)
}
