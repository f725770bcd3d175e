import type { NewSubmission, RequestedExtension } from '../domain/submission.ts'
import type { Links } from './links.ts'

type RegisterDeps = {
  store: { createSubmission(submission: NewSubmission): Promise<void> }
  board: { changed(fileId: string): void }
  links: Links
  clock: () => number
  /** How long after its request a pending run is overdue, in milliseconds. */
  overdueAfterMs: number
  newId: () => string
}

/** Registers an upload that somebody else makes with our `webhookUrl`. */
export async function registerSubmission(
  { store, board, links, clock, overdueAfterMs, newId }: RegisterDeps,
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
    // Whoever uploads may set one; what that explains is weighed by the baseline alone.
    setsDescription: false,
  } as const
  const at = clock()
  await store.createSubmission({ ...submission, keyName, attempt: 1, at, dueAt: at + overdueAfterMs })
  if (fileId !== null) board.changed(fileId)
  return {
    submissionId,
    webhookUrl: links.webhook(submissionId),
    statusUrl: fileId === null ? links.submission(submissionId) : links.assetStatus(fileId),
    location: links.submissionAddress(submissionId),
  }
}
