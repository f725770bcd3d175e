import { TrackerError } from '../domain/errors.ts'
import type { Submission } from '../domain/submission.ts'
import type { UploadResponse } from '../domain/upload-response.ts'
import type { Store } from '../store/store.ts'

type RecordResponseDeps = {
  store: Pick<Store, 'applyResponse'>
  clock: () => number
}

/** Takes the answer that ImageKit gave to somebody else. Throws `response_conflict` where the submission has another one. */
export async function recordResponse(
  { store, clock }: RecordResponseDeps,
  submissionId: string,
  answer: UploadResponse,
): Promise<Submission> {
  const { result, submission } = await store.applyResponse(submissionId, answer, clock())
  if (result === 'conflict')
    throw new TrackerError(
      'response_conflict',
      'The submission has another answer already; the first one stays.',
    )
  return submission
}
