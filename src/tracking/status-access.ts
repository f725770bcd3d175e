import { TrackerError } from '../domain/errors.ts'
import type { Access } from './access.ts'
import type { Capability } from './capability-tokens.ts'

/** What a reader shows. A key decides where one is shown, `secret` being undefined for one that cannot be read. */
export type StatusCredential =
  | { by: 'key'; secret: string | undefined }
  | { by: 'token'; token: string }
  | { by: 'nothing' }

/** Lets pass who may read this asset, or this submission. Throws `unauthenticated` for everybody else. */
export function admitStatusReader(
  { access, statusTokens }: { access: Pick<Access, 'identify'>; statusTokens: Pick<Capability, 'verify'> },
  subject: string,
  credential: StatusCredential,
  kind: 'asset' | 'submission' = 'asset',
): void {
  switch (credential.by) {
    case 'key':
      access.identify(credential.secret)
      return
    case 'nothing':
      access.identify(undefined)
      return
    case 'token':
      if (statusTokens.verify(subject, credential.token)) return
      throw new TrackerError(
        'unauthenticated',
        `The token does not open this ${kind}. Take the statusUrl as it was answered.`,
      )
  }
}
