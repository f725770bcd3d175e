import { TrackerError } from '../domain/errors.ts'
import type { Answer } from '../domain/judge-answer.ts'
import type { Submission } from '../domain/submission.ts'
import type { Store } from '../store/store.ts'

type RecordResponseDeps = {
  store: Pick<Store, 'answerSubmission'>
  clock: () => number
}

/** Takes the answer that ImageKit gave to somebody else. Throws `response_conflict` where the submission has another one. */
export async function recordResponse(
  { store, clock }: RecordResponseDeps,
  submissionId: string,
  answer: Answer,
): Promise<Submission> {
  const { result, submission } = await store.answerSubmission(submissionId, answer, clock())
  if (result === 'conflict')
    throw new TrackerError(
      'response_conflict',
      'The submission has another answer already; the first one stays.',
    )
  return submission
}
