import type { NewSubmission } from '../../domain/submission.ts'
import type { Store } from '../../store/store.ts'
import type { Links, StatusUrls } from '../links.ts'
import type { NameSavedExtensions } from './saved-extension-names.ts'

export type RegisterSubmissionDeps = {
  store: Pick<Store, 'createSubmission'>
  nameSavedExtensions: NameSavedExtensions
  links: Links
  clock: () => number
  traceparent: () => string | null
}

/** Registers a submission that another program sends to ImageKit itself, with our `webhookUrl`. */
export async function registerSubmission(
  { store, nameSavedExtensions, links, clock, traceparent }: RegisterSubmissionDeps,
  request: Pick<NewSubmission, 'extensions' | 'fileId' | 'fileName' | 'callerWebhookUrl' | 'keyName'>,
): Promise<{ submissionId: string; webhookUrl: string; location: string } & StatusUrls> {
  const submission = {
    kind: 'external',
    ...request,
    // Not known, and not needed: an external submission counts as one that may replace the file together with its description.
    setsDescription: false,
  } as const
  const savedNames = await nameSavedExtensions(request.extensions)
  const at = clock()
  const { submissionId } = await store.createSubmission({
    ...submission,
    savedNames,
    traceparent: traceparent(),
    attempt: 1,
    at,
  })
  return {
    submissionId,
    webhookUrl: links.webhook(submissionId),
    ...links.submission(submissionId, request.fileId),
    location: links.submissionAddress(submissionId),
  }
}
