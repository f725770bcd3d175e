import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { TrackerError } from '../domain/errors.ts'
import type { AppContext } from '../http/app-env.ts'
import { SESSION_MS, type Session, type Sessions } from '../tracking/operators/sessions.ts'

/** Who looks at a page. */
export type Operator = {
  keyName: string
  /** Nobody was asked for a key. */
  isLocal: boolean
  /** Goes into each form. */
  formToken: string
}

/** Lets operators in by the session in their cookie. */
export type OperatorDoor = {
  /** Rejects with `unauthenticated` where a session is asked for and there is none, and as the store does. */
  admit(c: AppContext): Promise<Operator>
  find(c: AppContext): Operator | undefined
  /** Whether a form was sent by a page of this operator's session. */
  isOwnForm(c: AppContext, formToken: string): boolean
  /** Returns who has signed in: the request has no cookie of theirs yet. */
  enter(c: AppContext, session: Session): Operator
  /** Ends the session itself, so that a copy of the cookie gives no access. */
  leave(c: AppContext): Promise<void>
}

const COOKIE = 'tracker_session'
const PATH = '/admin'

export function createOperatorDoor(deps: { sessions: Sessions; isSecure: () => boolean }): OperatorDoor {
  const { sessions, isSecure } = deps
  const findSession = (c: AppContext): Session | undefined => {
    const proof = getCookie(c, COOKIE)
    return proof === undefined ? undefined : sessions.find(proof)
  }
  const operatorOf = (session: Session): Operator => ({
    keyName: session.keyName,
    isLocal: !sessions.needsSignIn,
    formToken: sessions.formToken(session),
  })
  const enter = (c: AppContext, session: Session): Operator => {
    setCookie(c, COOKIE, session.proof, {
      path: PATH,
      httpOnly: true,
      // Not Strict: a link from a chat should open without another sign-in.
      sameSite: 'Lax',
      secure: isSecure(),
      maxAge: SESSION_MS / 1000,
    })
    return operatorOf(session)
  }

  return {
    async admit(c) {
      if (findSession(c) !== undefined) await sessions.refresh()
      const session = findSession(c)
      if (session !== undefined) return operatorOf(session)
      if (sessions.needsSignIn) throw new TrackerError('unauthenticated', 'Sign in to see this page.')
      return enter(c, sessions.open('local'))
    },
    find(c) {
      const session = findSession(c)
      return session && operatorOf(session)
    },
    isOwnForm(c, formToken) {
      const session = findSession(c)
      return session !== undefined && sessions.isFormToken(session, formToken)
    },
    enter,
    async leave(c) {
      const session = findSession(c)
      deleteCookie(c, COOKIE, { path: PATH, secure: isSecure() })
      if (session !== undefined) await sessions.end(session)
    },
  }
}
