import type { Access } from '../access.ts'
import type { Session, Sessions } from './sessions.ts'
import type { SignInAttempts } from './sign-in-attempts.ts'

type SignInDeps = {
  access: Pick<Access, 'identifyOperator'>
  attempts: SignInAttempts
  sessions: Pick<Sessions, 'open'>
  log: { info(fields: object, text: string): void; warn(fields: object, text: string): void }
}

/** Opens a session for an admin key. Throws `too_many_attempts`, `unauthenticated`, and `forbidden` for an API key. */
export function signIn(
  { access, attempts, sessions, log }: SignInDeps,
  { key, address }: { key: string; address: string },
): Session {
  attempts.admit({ address, key })
  try {
    const { keyName } = access.identifyOperator(key)
    log.info({ keyName, address }, 'an operator has signed in')
    return sessions.open(keyName)
  } catch (error) {
    attempts.failed({ address, key })
    log.warn({ address }, 'an attempt to sign in has failed')
    throw error
  }
}
