import {
  type Answer,
  type AnswerJudgement,
  judgeAnswer,
  type UnclaimedDelivery,
} from '../../domain/judge-answer.ts'
import type { Submission } from '../../domain/submission.ts'
import { oweNotifications } from './notification-steps.ts'
import type { Statements } from './statements.ts'
import { loadSubmission, type StoredSubmission, saveChange, type Writer } from './stored-submission.ts'

export function applyAnswer(
  writer: Writer,
  stored: StoredSubmission,
  answer: Answer,
  at: number,
): AnswerJudgement {
  const { statements, newId } = writer
  const unclaimed = listUnclaimed(statements, stored, answer)
  const judgement = judgeAnswer(stored.submission, stored.runs, answer, unclaimed, newId, at)
  saveChange(writer, stored, judgement, at)
  statements.noteAnswer.run({ seq: stored.seq, at })
  for (const claimed of judgement.claimed) statements.claimDelivery.run(claimed)
  const services = new Map(unclaimed.map(({ deliveryId, word }) => [deliveryId, word.service]))
  oweNotifications(writer, stored, judgement, at, ({ name }) => {
    // The first that was claimed has settled it.
    const settling = judgement.claimed.find(({ deliveryId }) => services.get(deliveryId) === name)
    return settling && statements.findBody.get(settling)?.body.toString()
  })
  return judgement
}

/** The end of a queued upload is its answer. `changed`: there is something that it changes. */
export function applyEnd(writer: Writer, stored: StoredSubmission, answer: Answer, at: number) {
  const { submission, runs } = applyAnswer(writer, stored, answer, at)
  const changed = submission !== stored.submission || runs.length > 0
  return { submission, changed }
}

/** Such an end may have been told before it was known here whose it is: whatever was answered then, it is heard now. */
export function hearEarlierEnds(writer: Writer, submission: Submission, at: number): Submission {
  const { submissionId, requestId, baseline } = submission
  if (requestId === null || baseline !== null) return submission
  const told = writer.statements.findUnclaimedUpload.get({ requestId })
  if (!told?.answer) return submission
  const stored = loadSubmission(writer.statements, submissionId)
  if (stored === undefined) return submission
  const { submission: finished, changed } = applyEnd(writer, stored, told.answer, at)
  const outcome = changed ? 'applied' : 'ignored'
  writer.statements.claimUpload.run({
    seq: told.seq,
    outcome,
    submissionSeq: stored.seq,
    fileId: finished.fileId,
  })
  return hearEarlierEnds(writer, finished, at)
}

/** Deliveries that may belong to the runs that the answer makes; mostly it makes none, and nothing is read. */
function listUnclaimed(
  statements: Statements,
  stored: StoredSubmission,
  answer: Answer,
): UnclaimedDelivery[] {
  if (answer.kind !== 'accepted') return []
  const known = new Set(stored.runs.map((run) => run.name))
  const services = Object.keys(answer.extensionStatus).filter((name) => !known.has(name))
  return services
    .flatMap((service) => statements.listUnclaimed.all({ submissionSeq: stored.seq, service }))
    .toSorted((one, other) => one.seq - other.seq)
    .map(({ deliveryId, receivedAt, service, finalStatus, fileId, unclaimedError }) => {
      return { deliveryId, receivedAt, word: { service, status: finalStatus, fileId, error: unclaimedError } }
    })
}
