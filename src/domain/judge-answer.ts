import type { Change } from './judge-delivery.ts'
import { observe } from './observe.ts'
import { type FinalStatus, type Run, requestedRun } from './run.ts'
import { findPlaceholder, isRequested } from './saved-extension.ts'
import type { Baseline, Submission, SubmissionError } from './submission.ts'

/** ImageKit's answer to a submission. `accepted` without a fileId is an upload that ImageKit has queued. */
export type Answer =
  | {
      kind: 'accepted'
      fileId: string | null
      fileName: string | null
      requestId: string | null
      extensionStatus: { [name: string]: 'pending' | FinalStatus }
      baseline: Baseline | null
    }
  | { kind: 'rejected' | 'unconfirmed'; requestId: string | null; error: SubmissionError }

/** `conflict`: the submission is already known under another fileId, or was accepted and this answer says otherwise. */
export type AnswerJudgement = Change & { result: 'applied' | 'conflict' }

/** Decides what ImageKit's answer does to a submission. Repeating an answer changes nothing. */
export function judgeAnswer(
  submission: Submission,
  runs: readonly Run[],
  answer: Answer,
  newRunId: () => string,
  at: number,
): AnswerJudgement {
  if (answer.kind !== 'accepted') return judgeFailure(submission, answer, at)
  const isOther = submission.fileId !== null && answer.fileId !== null && answer.fileId !== submission.fileId
  if (isOther) return unchanged(submission, 'conflict')

  const accepted: Submission = {
    ...submission,
    state: 'accepted',
    fileId: submission.fileId ?? answer.fileId,
    fileName: answer.fileName ?? submission.fileName,
    requestId: answer.requestId ?? submission.requestId,
    baseline: submission.baseline ?? answer.baseline,
    error: null,
    updatedAt: at,
  }
  const changed: Run[] = []
  for (const [name, status] of Object.entries(answer.extensionStatus)) {
    const known = runs.find((run) => run.name === name)
    const attempt = runs[0]?.attempt ?? 1
    const { submissionId, createdAt } = submission
    const run = known ?? requestedRun({ runId: newRunId(), submissionId, name, attempt, at: createdAt })
    const seen = observe(run, { source: 'response', status }, at)
    if (known === undefined || seen.run !== known) changed.push(seen.run)
  }
  const namesSaved = Object.keys(answer.extensionStatus).some((name) => !isRequested(submission, name))
  const goneRunId = (namesSaved && findPlaceholder(runs)?.runId) || null
  return {
    submission: accepted,
    runs: changed.filter((run) => run.runId !== goneRunId),
    goneRunId,
    result: 'applied',
  }
}

function judgeFailure(
  submission: Submission,
  answer: Answer & { kind: 'rejected' | 'unconfirmed' },
  at: number,
): AnswerJudgement {
  if (submission.state === 'accepted') return unchanged(submission, 'conflict')
  const { kind: state, error } = answer
  const requestId = answer.requestId ?? submission.requestId
  const failed: Submission = { ...submission, state, error, requestId, updatedAt: at }
  return { submission: failed, runs: [], goneRunId: null, result: 'applied' }
}

function unchanged(submission: Submission, result: AnswerJudgement['result']): AnswerJudgement {
  return { submission, runs: [], goneRunId: null, result }
}
