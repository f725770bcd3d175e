import { TrackerError } from '../../domain/errors.ts'
import type { Access } from '../access.ts'
import type { Capability } from '../capability-tokens.ts'

/** The credential that a request presents. If it has a key, the key decides; `secret` is undefined if the key can't be read. */
export type ReaderCredential =
  | { by: 'key'; secret: string | undefined }
  | { by: 'token'; token: string }
  | { by: 'nothing' }

/** The kinds of things whose status can be read with a token. */
export type Subject = 'asset' | 'submission'

/** Checks that the caller may read this asset or submission. Throws `unauthenticated` otherwise. */
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
