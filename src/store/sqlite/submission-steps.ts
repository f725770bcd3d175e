import { TrackerError } from '../../domain/errors.ts'
import type { StoredAnswer } from '../../domain/idempotency.ts'
import {
  type Answer,
  type AnswerJudgement,
  judgeAnswer,
  type UnclaimedDelivery,
} from '../../domain/judge-answer.ts'
import type { Change } from '../../domain/judge-delivery.ts'
import type { Run } from '../../domain/run.ts'
import { type NewSubmission, openSubmission, type Submission } from '../../domain/submission.ts'
import { toRun, toRunValues, toSubmission } from './rows.ts'
import type { Statements } from './statements.ts'

/** What every step works with. */
export type Writer = { statements: Statements; newId: () => string }

/** A submission with its runs, and the number of its row. */
export type StoredSubmission = { seq: number; submission: Submission; runs: Run[] }

export function createSubmission(
  { statements, newId }: Writer,
  request: NewSubmission,
  key?: { scope: string; fingerprint: string },
): void {
  const { submission, runs } = openSubmission(request, newId)
  const { seq } = statements.insertSubmission.get({ ...submission })
  for (const run of runs) statements.saveRun.run(toRunValues(run, seq))
  if (key) statements.nameSubmission.run({ ...key, submissionSeq: seq })
}

export function answerSubmission(
  { statements, newId }: Writer,
  submissionId: string,
  answer: Answer,
  at: number,
  key?: { scope: string; answer: StoredAnswer },
): { result: AnswerJudgement['result']; submission: Submission } {
  const stored = loadSubmission(statements, submissionId)
  if (stored === undefined) throw new TrackerError('not_found', `There is no submission ${submissionId}.`)
  const unclaimed = listUnclaimed(statements, stored, answer)
  const judgement = judgeAnswer(stored.submission, stored.runs, answer, unclaimed, newId, at)
  saveChange(statements, stored, judgement)
  for (const claimed of judgement.claimed) statements.claimDelivery.run(claimed)
  if (key) statements.keepAnswer.run(key)
  return { result: judgement.result, submission: judgement.submission }
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
    const stored = { seq: row.seq, submission: toSubmission(row), runs: [] }
    saveChange(statements, stored, judgeAnswer(stored.submission, stored.runs, answer, [], newId, at))
  }
  return swept.length
}

/** Deliveries that may belong to the runs that the answer makes; mostly it makes none, and nothing is read. */
function listUnclaimed(
  statements: Statements,
  stored: StoredSubmission,
  answer: Answer,
): UnclaimedDelivery[] {
  if (answer.kind !== 'accepted') return []
  const services = Object.keys(answer.extensionStatus).filter(
    (name) => !stored.runs.some((run) => run.name === name),
  )
  return services
    .flatMap((service) => statements.listUnclaimed.all({ submissionSeq: stored.seq, service }))
    .map(({ deliveryId, receivedAt, service, finalStatus, fileId, unclaimedError }) => {
      return { deliveryId, receivedAt, word: { service, status: finalStatus, fileId, error: unclaimedError } }
    })
}

export function loadSubmission(statements: Statements, submissionId: string): StoredSubmission | undefined {
  const row = statements.findSubmission.get({ submissionId })
  if (row === undefined) return undefined
  const runs = statements.listRuns.all({ submissionSeq: row.seq }).map((run) => toRun(run, submissionId))
  return { seq: row.seq, submission: toSubmission(row), runs }
}

export function saveChange(statements: Statements, before: StoredSubmission, change: Change): void {
  const { seq } = before
  if (change.submission !== before.submission) statements.updateSubmission.run({ ...change.submission, seq })
  for (const run of change.runs) statements.saveRun.run(toRunValues(run, seq))
  if (change.goneRunId !== null) statements.deleteRun.run({ runId: change.goneRunId })
}
