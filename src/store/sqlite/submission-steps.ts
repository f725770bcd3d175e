import { TrackerError } from '../../domain/errors.ts'
import type { StoredAnswer } from '../../domain/idempotency.ts'
import { type Answer, type AnswerJudgement, judgeAnswer } from '../../domain/judge-answer.ts'
import { type NewSubmission, openSubmission, type Submission } from '../../domain/submission.ts'
import { applyAnswer, hearEarlierEnds } from './apply-answer.ts'
import { refreshCurrentRuns } from './find-asset.ts'
import { toSubmission } from './rows.ts'
import { loadSubmission, namesOf, saveChange, saveRun, type Writer } from './stored-submission.ts'

/** Returns the number of its row. */
export function createSubmission(
  writer: Writer,
  request: NewSubmission,
  key?: { scope: string; fingerprint: string },
): number {
  const { statements, newId } = writer
  const { dueAt } = request
  const { submission, runs } = openSubmission(request, newId)
  const seq = Number(statements.insertSubmission.run(submission).lastInsertRowid)
  for (const run of runs) saveRun(writer, undefined, run, { submissionSeq: seq, dueAt, isListed: true })
  if (submission.fileId !== null) refreshCurrentRuns(statements, submission.fileId, namesOf(runs))
  if (key) statements.nameSubmission.run({ ...key, submissionSeq: seq })
  return seq
}

export function answerSubmission(
  writer: Writer,
  submissionId: string,
  answer: Answer,
  at: number,
  key?: { scope: string; answer: StoredAnswer },
): { result: AnswerJudgement['result']; submission: Submission } {
  const stored = loadSubmission(writer.statements, submissionId)
  if (stored === undefined) throw new TrackerError('not_found', `There is no submission ${submissionId}.`)
  const { result, submission } = applyAnswer(writer, stored, answer, at)
  if (key) writer.statements.keepAnswer.run(key)
  return { result, submission: hearEarlierEnds(writer, submission, at) }
}

/** An `external` submission is not swept: who uploads for it is alive elsewhere and may still tell ImageKit's answer. */
export function recoverSubmissions(writer: Writer, at: number): number {
  const swept = writer.statements.listUnderWay.all()
  const message = 'The process ended before the answer of ImageKit was written down.'
  const answer: Answer = {
    kind: 'unconfirmed',
    requestId: null,
    error: { code: 'process_died', message, status: null },
  }
  for (const row of swept) {
    const stored = {
      seq: row.seq,
      dueAt: null,
      submission: toSubmission(row),
      runs: [],
      places: [],
    }
    const judgement = judgeAnswer(stored.submission, stored.runs, answer, [], writer.newId, at)
    saveChange(writer, stored, judgement, at)
    writer.statements.noteAnswer.run({ seq: row.seq, at })
  }
  return swept.length
}
