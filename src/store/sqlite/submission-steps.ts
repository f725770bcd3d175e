import { TrackerError } from '../../domain/errors.ts'
import type { StoredAnswer } from '../../domain/idempotency.ts'
import { type Answer, type AnswerJudgement, judgeAnswer } from '../../domain/judge-answer.ts'
import { type NewSubmission, openSubmission, type Submission } from '../../domain/submission.ts'
import { applyAnswer, hearEarlierEnds } from './apply-answer.ts'
import { toRunValues, toSubmission } from './rows.ts'
import { loadSubmission, saveChange, type Writer } from './stored-submission.ts'

export function createSubmission(
  { statements, newId }: Writer,
  request: NewSubmission,
  key?: { scope: string; fingerprint: string },
): void {
  const { submission, runs } = openSubmission(request, newId)
  const { seq } = statements.insertSubmission.get({ ...submission })
  for (const run of runs) statements.saveRun.run(toRunValues(run, seq, request.dueAt))
  if (key) statements.nameSubmission.run({ ...key, submissionSeq: seq })
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
export function recoverSubmissions({ statements, newId }: Writer, at: number): number {
  const swept = statements.listUnderWay.all().filter(({ kind }) => kind !== 'external')
  const message = 'The process ended before the answer of ImageKit was written down.'
  const answer: Answer = {
    kind: 'unconfirmed',
    requestId: null,
    error: { code: 'process_died', message, status: null },
  }
  for (const row of swept) {
    const stored = { seq: row.seq, dueAt: null, submission: toSubmission(row), runs: [] }
    saveChange(statements, stored, judgeAnswer(stored.submission, stored.runs, answer, [], newId, at), at)
  }
  return swept.length
}
