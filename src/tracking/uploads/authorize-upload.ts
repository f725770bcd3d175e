import type { NewSubmission } from '../../domain/submission.ts'
import type { StatusUrls } from '../links.ts'
import { type RegisterSubmissionDeps, registerSubmission } from './register-submission.ts'

export type AuthorizeUploadDeps = RegisterSubmissionDeps & {
  /** A random token, which ImageKit accepts once. */
  newToken: () => string
  signUpload: (parameters: { token: string; expire: number }) => string
}

/**
 * Registers one upload that a browser sends directly to ImageKit, and signs it. `expire` is in Unix seconds. An extension that is
 * not in `extensions` is known only once ImageKit's response to the upload is reported.
 */
export async function authorizeUpload(
  deps: AuthorizeUploadDeps,
  request: Pick<NewSubmission, 'extensions' | 'fileName' | 'keyName'> & { validForMs: number },
): Promise<
  { token: string; expire: number; signature: string; webhookUrl: string; submissionId: string } & StatusUrls
> {
  const { validForMs, ...registration } = request
  const { location: _, ...registered } = await registerSubmission(deps, {
    ...registration,
    fileId: null,
    callerWebhookUrl: null,
  })
  const token = deps.newToken()
  const expire = Math.floor((deps.clock() + validForMs) / 1000)
  return { token, expire, signature: deps.signUpload({ token, expire }), ...registered }
}
