import type { NewSubmission, RequestedExtension } from '../domain/submission.ts'
import type { Links } from './links.ts'

type RegisterDeps = {
  store: { createSubmission(submission: NewSubmission): Promise<void> }
  board: { changed(fileId: string): void }
  links: Links
  clock: () => number
  newId: () => string
}

/** Registers an upload that somebody else makes with our `webhookUrl`. */
export async function registerSubmission(
  { store, board, links, clock, newId }: RegisterDeps,
  request: { extensions: RequestedExtension[]; fileId: string | null; keyName: string },
): Promise<{ submissionId: string; webhookUrl: string; statusUrl: string; location: string }> {
  const { extensions, fileId, keyName } = request
  const submissionId = newId()
  const submission = {
    submissionId,
    kind: 'external',
    fileId,
    fileName: null,
    extensions,
    callerWebhookUrl: null,
  } as const
  await store.createSubmission({ ...submission, keyName, attempt: 1, at: clock() })
  if (fileId !== null) board.changed(fileId)
  return {
    submissionId,
    webhookUrl: links.webhook(submissionId),
    statusUrl: fileId === null ? links.submission(submissionId) : links.assetStatus(fileId),
    location: links.submissionAddress(submissionId),
  }
}
