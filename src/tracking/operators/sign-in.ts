import type { Access } from '../access.ts'
import type { Session, Sessions } from './sessions.ts'
import type { SignInLimit } from './sign-in-limit.ts'

export type SignInDeps = {
  access: Pick<Access, 'identifyOperator'>
  signInLimit: SignInLimit
  sessions: Pick<Sessions, 'open'>
  log: { info(fields: object, text: string): void; warn(fields: object, text: string): void }
}

/** Opens a session for an admin key. Throws `too_many_attempts`, `unauthenticated`, and for an API key `forbidden`. */
export async function signIn(
  { access, signInLimit, sessions, log }: SignInDeps,
  { key, address }: { key: string; address: string },
): Promise<Session> {
  const attempt = await signInLimit.begin({ address, key })
  try {
    const { keyName } = access.identifyOperator(key)
    // If this fails, the operator is signed in nevertheless; the attempt counts as failed for 15 minutes.
    await attempt
      .forgive()
      .catch((err: unknown) =>
        log.warn({ event: 'sign_in_reset.failed', err }, 'a successful sign-in still counts as failed'),
      )
    log.info({ event: 'operator.signed_in', keyName, address }, 'operator signed in')
    return sessions.open(keyName)
  } catch (error) {
    log.warn({ event: 'sign_in.failed', address }, 'sign-in failed')
    throw error
  }
}
