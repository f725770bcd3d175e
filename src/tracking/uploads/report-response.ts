import { TrackerError } from '../../domain/errors.ts'
import type { Submission } from '../../domain/submission.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'
import type { Store } from '../../store/store.ts'

export type ReportResponseDeps = {
  store: Pick<Store, 'applyResponse'>
  clock: () => number
}

/**
 * Records the response that ImageKit gave to the program that made the upload. Throws `response_conflict` if it conflicts
 * with what is already recorded, such as an earlier response or another file.
 */
export async function reportResponse(
  { store, clock }: ReportResponseDeps,
  submissionId: string,
  response: UploadResponse,
): Promise<Submission> {
  const { result, submission } = await store.applyResponse(submissionId, response, clock())
  if (result === 'conflict')
    throw new TrackerError(
      'response_conflict',
      'This response conflicts with what is already recorded for the submission. Nothing was changed.',
    )
  return submission
}
