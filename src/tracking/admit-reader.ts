import { TrackerError } from '../domain/errors.ts'
import type { Access } from './access.ts'
import type { Capability } from './capability-tokens.ts'

/** What a reader shows. A key decides where one is shown, `secret` being undefined for one that cannot be read. */
export type ReaderCredential =
  | { by: 'key'; secret: string | undefined }
  | { by: 'token'; token: string }
  | { by: 'nothing' }

/** What has a status that can be read with a token. */
export type Subject = 'asset' | 'submission'

/** Lets pass who may read this asset, or this submission. Throws `unauthenticated` for everybody else. */
export function admitReader(
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
        `The token does not open this ${subject}. Take the statusUrl as it was answered.`,
      )
  }
}
