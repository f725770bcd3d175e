import type { Access } from '../access.ts'
import type { Session, Sessions } from './sessions.ts'
import type { SignInLimit } from './sign-in-limit.ts'

type SignInDeps = {
  access: Pick<Access, 'identifyOperator'>
  signInLimit: SignInLimit
  sessions: Pick<Sessions, 'open'>
  log: { info(fields: object, text: string): void; warn(fields: object, text: string): void }
}

/** Opens a session for an admin key. Throws `too_many_attempts`, `unauthenticated`, and `forbidden` for an API key. */
export async function signIn(
  { access, signInLimit, sessions, log }: SignInDeps,
  { key, address }: { key: string; address: string },
): Promise<Session> {
  const attempt = await signInLimit.begin({ address, key })
  try {
    const { keyName } = access.identifyOperator(key)
    // The session does not depend on it: an attempt that stays counted is forgotten after a quarter of an hour.
    await attempt.forgive().catch((err: unknown) => log.warn({ err }, 'a sign-in still counts as failed'))
    log.info({ keyName, address }, 'an operator has signed in')
    return sessions.open(keyName)
  } catch (error) {
    log.warn({ address }, 'an attempt to sign in has failed')
    throw error
  }
}
