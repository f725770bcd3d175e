import { type AccountEvent, namedFile } from '../../domain/account-event.ts'
import type { DeliveryOutcome, NewAccountDelivery, RecordedDelivery } from '../../domain/delivery.ts'
import type { Answer } from '../../domain/judge-answer.ts'
import { applyEnd } from './apply-answer.ts'
import { isForgotten } from './forget-asset.ts'
import { keepDelivery, keepNothing, UNKNOWN } from './keep-delivery.ts'
import type { Statements } from './statements.ts'
import { loadSubmission, type Writer } from './stored-submission.ts'

/** What an event did. `unclaimed`: it tells how an upload ended that no submission of ours is known to have made. */
type Effect = {
  outcome: DeliveryOutcome
  submissionSeq: number | null
  /** Of that submission. */
  fileId: string | null
  changedFileId: string | null
  changedSubmissionId?: string
  unclaimed: { requestId: string; answer: Answer } | null
}

const NONE = { submissionSeq: null, fileId: null, changedFileId: null, unclaimed: null }

export function recordAccountDelivery(writer: Writer, delivery: NewAccountDelivery): RecordedDelivery {
  const { deliveryId, receivedAt, headers, body, event } = delivery
  const { statements } = writer
  const effect = applyOnce(writer, event, receivedAt)
  const { outcome, submissionSeq, fileId, changedFileId, changedSubmissionId, unclaimed } = effect
  if (isOfForgotten(statements, event))
    return keepNothing(statements, { ...delivery, route: 'account', signature: 'valid' })
  const row = {
    ...UNKNOWN,
    deliveryId,
    route: 'account',
    receivedAt,
    outcome,
    signature: 'valid',
    submissionSeq,
    // Whatever came of it, it goes with the file that it names.
    fileId: namedFile(event) ?? fileId,
    eventId: event.eventId,
    unclaimedRequestId: unclaimed?.requestId ?? null,
  } as const
  keepDelivery(statements, row, { headers, body, uploadAnswer: unclaimed?.answer ?? null })
  const changed = changedSubmissionId !== undefined && { submissionId: changedSubmissionId }
  return { outcome, cause: null, fileId: changedFileId, runId: null, ...changed }
}

/** An asset that was forgotten is known again where it has a new submission. */
function isOfForgotten(statements: Statements, event: AccountEvent): boolean {
  const fileId = namedFile(event)
  return (
    fileId !== null &&
    isForgotten(statements, fileId) &&
    statements.listSubmissionsOfFile.all({ fileId }).length === 0
  )
}

function applyOnce(writer: Writer, event: AccountEvent, at: number): Effect {
  const { eventId } = event
  const isKnown = eventId !== null && writer.statements.findEvent.get({ eventId }) !== undefined
  if (isKnown) return { ...NONE, outcome: 'duplicate' }
  switch (event.kind) {
    case 'asset': {
      const { fileId } = event
      const { changes } = writer.statements.hastenRuns.run({ fileId, at })
      const isInQuestion = changes > 0 || writer.statements.findUnsettledOfFile.get({ fileId }) !== undefined
      return { ...NONE, outcome: isInQuestion ? 'applied' : 'ignored' }
    }
    case 'upload_finished':
      return finishUpload(writer, event, at)
    case 'other':
      return { ...NONE, outcome: 'ignored' }
  }
}

function finishUpload(
  writer: Writer,
  { requestId, answer }: AccountEvent & { kind: 'upload_finished' },
  at: number,
): Effect {
  const unanswered = writer.statements.findUnanswered.get({ requestId })
  const stored = unanswered && loadSubmission(writer.statements, unanswered.submissionId)
  if (stored === undefined) return { ...NONE, outcome: 'ignored', unclaimed: { requestId, answer } }
  const { submission, changed } = applyEnd(writer, stored, answer, at)
  return {
    outcome: changed ? 'applied' : 'ignored',
    submissionSeq: stored.seq,
    fileId: submission.fileId,
    changedFileId: changed ? submission.fileId : null,
    ...(changed && { changedSubmissionId: submission.submissionId }),
    unclaimed: null,
  }
}
