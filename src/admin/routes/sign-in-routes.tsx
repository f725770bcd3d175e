import { Hono } from 'hono'
import { TrackerError } from '../../domain/errors.ts'
import type { AppContext, AppEnv } from '../../http/app-env.ts'
import { PROBLEMS } from '../../http/problems.ts'
import { route } from '../../http/routes.ts'
import { signIn } from '../../tracking/operators/sign-in.ts'
import { ADMIN, formLabel, SIGN_IN, SIGN_OUT, safeTarget } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import type { OperatorSession } from '../operator-session.ts'
import { respondWithPage, seeOther } from '../page-responses.ts'
import { ResumePage } from '../pages/resume-page.tsx'
import { SignInPage } from '../pages/sign-in-page.tsx'
import { isCrossSite, MAX_ANONYMOUS_FORM_BYTES, readCsrfForm, readForm } from '../read-form.ts'

export type SignInRoutesDeps = Parameters<typeof signIn>[0] & {
  operatorSession: OperatorSession
  hasAdminKey: boolean
  needsHttps: () => boolean
  addressOf: (c: AppContext) => string
}

export function signInRoutes(deps: SignInRoutesDeps): Hono<AppEnv> {
  const { operatorSession, hasAdminKey } = deps
  const app = new Hono<AppEnv>()

  route(app, SIGN_IN, {
    GET: (c) => {
      const target = safeTarget(c.req.query('to'))
      if (operatorSession.find(c) !== undefined) return seeOther(c, target)
      const notice = takeNotice(c)
      const page = { target, notice, hasAdminKey, needsHttps: deps.needsHttps() }
      return respondWithPage(c, <SignInPage {...page} />)
    },
    POST: async (c) => {
      // A CSRF token is not possible without a session.
      if (isCrossSite(c)) throw new TrackerError('forbidden', 'This form was sent by another site.')
      const form = await readForm(c, MAX_ANONYMOUS_FORM_BYTES)
      const target = safeTarget(form.get('to') ?? undefined)
      const interruptedFields = form.get('form')
      const interrupted =
        interruptedFields === null || formLabel(target) === undefined
          ? undefined
          : { target, fields: new URLSearchParams(interruptedFields) }
      try {
        const session = await signIn(deps, { key: form.get('key') ?? '', address: deps.addressOf(c) })
        const operator = operatorSession.signIn(c, session)
        if (interrupted === undefined) return seeOther(c, target)
        const explanation = 'You are signed in again. The form was not sent yet, so nothing was done.'
        return respondWithPage(c, <ResumePage {...{ operator, interrupted, explanation }} />)
      } catch (error) {
        const failure = error instanceof TrackerError ? signInFailure(error) : undefined
        if (!(error instanceof TrackerError) || failure === undefined) throw error
        const problem: { status: 401 | 403 | 429; retryAfter?: number } = failure.problem
        if (problem.retryAfter !== undefined) c.header('Retry-After', String(problem.retryAfter))
        const page = {
          target,
          interrupted,
          problem: failure.text,
          hasAdminKey,
          needsHttps: deps.needsHttps(),
        }
        return respondWithPage(c, <SignInPage {...page} />, problem.status)
      }
    },
  })
  route(app, SIGN_OUT, {
    GET: (c) => seeOther(c, ADMIN),
    POST: async (c) => {
      await readCsrfForm(c, operatorSession)
      await operatorSession.signOut(c)
      return seeOther(c, SIGN_IN, 'signed-out')
    },
  })
  return app
}

function signInFailure(error: TrackerError) {
  switch (error.code) {
    case 'unauthenticated':
      return {
        text: 'Unknown key. Check that you copied it completely. For name:secret, enter only the secret.',
        problem: PROBLEMS.unauthenticated,
      }
    case 'forbidden':
      return {
        text: 'This is an API key. Use an admin key from TRACKER_ADMIN_KEY.',
        problem: PROBLEMS.forbidden,
      }
    case 'too_many_attempts':
      return { text: error.message, problem: PROBLEMS.too_many_attempts }
    default:
      return undefined
  }
}
