import { TrackerError } from '../../domain/errors.ts'
import type { Submission } from '../../domain/submission.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'
import type { Store } from '../../store/store.ts'

export type ReportResponseDeps = {
  store: Pick<Store, 'applyResponse'>
  clock: () => number
}

/**
 * Records the response that ImageKit gave to an uploader elsewhere. Throws `response_conflict` if the submission already has a
 * different one.
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
      'The submission already has another response; the first one stays.',
    )
  return submission
}
