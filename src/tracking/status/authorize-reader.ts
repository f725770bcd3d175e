import { TrackerError } from '../../domain/errors.ts'
import type { Access } from '../access.ts'
import type { Capability } from '../capability-tokens.ts'

/**
 * The credential of a request. `key`: it has an `Authorization` header, which takes precedence over a token; `secret` is undefined if
 * that header contains no key.
 */
export type ReaderCredential =
  | { by: 'key'; secret: string | undefined }
  | { by: 'token'; token: string }
  | { by: 'nothing' }

/** The kind of thing whose status is read. */
export type Subject = 'asset' | 'submission'

/** Checks that the caller may read the status of this asset or submission. Throws `unauthenticated` otherwise. */
export function authorizeReader(
  { access, tokens }: { access: Pick<Access, 'identify'>; tokens: Pick<Capability, 'verify'> },
  id: string,
  credential: ReaderCredential,
  subject: Subject,
): void {
  switch (credential.by) {
    case 'key':
      access.identify(credential.secret)
      return
    case 'nothing':
      // Throws, unless no key is configured.
      access.identify(undefined)
      return
    case 'token':
      if (tokens.verify(id, credential.token)) return
      throw new TrackerError(
        'unauthenticated',
        `The token is not valid for this ${subject}. Use the statusUrl exactly as it was returned.`,
      )
  }
}
