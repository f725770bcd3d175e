import type { NewDelivery, RecordedDelivery } from '../../domain/delivery.ts'
import { judgeDelivery } from '../../domain/judge-delivery.ts'
import { isForgotten } from './forget-asset.ts'
import { keepNothing, type Row } from './keep-delivery.ts'
import { oweNotifications } from './notification-steps.ts'
import { loadJudged, saveRuns, type Writer } from './stored-submission.ts'

/** The delivery itself is left to be kept after the steps of the batch, so no step that reads deliveries may come before that. */
export function recordDelivery(writer: Writer, delivery: NewDelivery): RecordedDelivery {
  const { statements, newId } = writer
  const { receivedAt, body } = delivery
  const stored = loadJudged(statements, delivery.submissionId)
  if (stored === undefined) {
    if (isForgotten(statements, delivery.submissionId)) return keepNothing(statements, delivery)
    return { outcome: 'rejected', cause: 'unknown_submission', fileId: null, runId: null }
  }
  const { submission, runs, seq } = stored
  const judgement = judgeDelivery(submission, runs, delivery.word, newId, receivedAt)
  const { state, fileId, error, updatedAt } = judgement.submission
  if (judgement.submission !== submission)
    statements.confirmSubmission.run({ seq, state, fileId, error, updatedAt })
  const { outcome, cause, runId } = judgement
  const recorded = { outcome, cause, fileId, runId }
  saveRuns(writer, stored, judgement, receivedAt)
  oweNotifications(writer, stored, judgement, receivedAt, () => body.toString())
  keep(writer, delivery, recorded, seq)
  return recorded
}

function keep(
  { deliveries }: Writer,
  delivery: NewDelivery,
  { outcome, cause, fileId }: Pick<Row, 'outcome' | 'cause' | 'fileId'>,
  submissionSeq: number,
): void {
  const { deliveryId, route, receivedAt, signature, word, headers, body } = delivery
  const row = {
    deliveryId,
    route,
    receivedAt,
    outcome,
    cause,
    signature,
    submissionSeq,
    fileId: word.fileId ?? fileId,
    service: word.service,
    finalStatus: word.status,
    unclaimedError: cause === 'not_requested' ? word.error : null,
    eventId: null,
    unclaimedRequestId: null,
  }
  deliveries.keep(row, { headers, body, uploadAnswer: null })
}
