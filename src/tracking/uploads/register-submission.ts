import type { NewSubmission } from '../../domain/submission.ts'
import type { Store } from '../../store/store.ts'
import type { Links, StatusUrls } from '../links.ts'

export type RegisterSubmissionDeps = {
  store: Pick<Store, 'createSubmission'>
  links: Links
  clock: () => number
}

/** Registers a submission that another program sends to ImageKit itself, with our `webhookUrl`. */
export async function registerSubmission(
  { store, links, clock }: RegisterSubmissionDeps,
  request: Pick<NewSubmission, 'extensions' | 'fileId' | 'fileName' | 'callerWebhookUrl' | 'keyName'>,
): Promise<{ submissionId: string; webhookUrl: string; location: string } & StatusUrls> {
  const submission = {
    kind: 'external',
    ...request,
    // Not known, and not needed: an external submission counts as one that may replace the file together with its description.
    setsDescription: false,
  } as const
  const at = clock()
  const { submissionId } = await store.createSubmission({ ...submission, attempt: 1, at })
  return {
    submissionId,
    webhookUrl: links.webhook(submissionId),
    ...links.submission(submissionId, request.fileId),
    location: links.submissionAddress(submissionId),
  }
}
