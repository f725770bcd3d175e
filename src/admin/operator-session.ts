import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { TrackerError } from '../domain/errors.ts'
import type { AppContext } from '../http/request.ts'
import { SESSION_MS, type Session, type Sessions } from '../tracking/operators/sessions.ts'
import { cookiePath } from './addresses.ts'

/** The user of the pages. */
export type Operator = {
  keyName: string
  /** True if no keys are configured, so no sign-in was needed. */
  isLocal: boolean
  /** Every POST form of the session includes it. */
  csrfToken: string
}

/** Authenticates operators by the session cookie. */
export type OperatorSession = {
  /**
   * Returns the operator of the request's session. Without a session, opens one if no keys are configured, else rejects with
   * `unauthenticated`. Also rejects with the store's errors.
   */
  require(c: AppContext): Promise<Operator>
  /** Undefined without a session. Does not read the store, so a session that another process has ended may still be found. */
  find(c: AppContext): Operator | undefined
  /** True if the token belongs to the request's session: then a page of this session sent the form. */
  hasCsrfToken(c: AppContext, csrfToken: string): boolean
  /** Sets the session cookie. Returns the operator, because the current request does not have the cookie yet. */
  signIn(c: AppContext, session: Session): Operator
  /** Deletes the cookie, and ends the session on the server, so that a copy of the cookie gives no access. */
  signOut(c: AppContext): Promise<void>
}

const COOKIE = 'tracker_session'

export function createOperatorSession(deps: {
  sessions: Sessions
  isSecure: () => boolean
}): OperatorSession {
  const { sessions, isSecure } = deps
  const findSession = (c: AppContext): Session | undefined => {
    const proof = getCookie(c, COOKIE)
    return proof === undefined ? undefined : sessions.find(proof)
  }
  const operatorOf = (session: Session): Operator => ({
    keyName: session.keyName,
    isLocal: !sessions.needsSignIn,
    csrfToken: sessions.csrfToken(session),
  })
  const signIn = (c: AppContext, session: Session): Operator => {
    setCookie(c, COOKIE, session.proof, {
      path: cookiePath(c),
      httpOnly: true,
      // Not Strict, so that a link from a chat opens without another sign-in.
      sameSite: 'Lax',
      secure: isSecure(),
      maxAge: SESSION_MS / 1000,
    })
    return operatorOf(session)
  }

  return {
    async require(c) {
      // Another process may have ended the session. Requests without a session don't cost a read of the store.
      if (findSession(c) !== undefined) await sessions.refresh()
      const session = findSession(c)
      if (session !== undefined) return operatorOf(session)
      if (sessions.needsSignIn) throw new TrackerError('unauthenticated', 'Sign in to see this page.')
      return signIn(c, sessions.open('local'))
    },
    find(c) {
      const session = findSession(c)
      return session && operatorOf(session)
    },
    hasCsrfToken(c, csrfToken) {
      const session = findSession(c)
      return session !== undefined && sessions.isCsrfToken(session, csrfToken)
    },
    signIn,
    async signOut(c) {
      const session = findSession(c)
      deleteCookie(c, COOKIE, { path: cookiePath(c), secure: isSecure() })
      if (session !== undefined) await sessions.end(session)
    },
  }
}
