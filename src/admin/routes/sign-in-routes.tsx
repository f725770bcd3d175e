import { PROBLEMS } from '../../contract/problems.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { AppContext } from '../../http/request.ts'
import { routeMethods } from '../../http/route.ts'
import { type SignInDeps, signIn } from '../../tracking/operators/sign-in.ts'
import { ADMIN, formLabel, SIGN_IN, SIGN_OUT, safeTarget } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import { respondWithPage, seeOther } from '../page-responses.ts'
import { type Pages, pageRoute } from '../page-route.ts'
import { ResumePage } from '../pages/resume-page.tsx'
import { SignInPage } from '../pages/sign-in-page.tsx'
import { MAX_ANONYMOUS_FORM_BYTES, readForm } from '../read-form.ts'

export type SignInRoutesDeps = SignInDeps & {
  hasAdminKey: boolean
  needsHttps: () => boolean
  addressOf: (c: AppContext) => string
}

export function signInRoutes(pages: Pages, deps: SignInRoutesDeps): void {
  const { app, operatorSession } = pages
  const { hasAdminKey } = deps

  routeMethods(app, SIGN_IN, {
    GET: (c) => {
      const target = safeTarget(c.req.query('to'))
      if (operatorSession.find(c) !== undefined) return seeOther(c, target)
      const notice = takeNotice(c)
      const page = { target, notice, hasAdminKey, needsHttps: deps.needsHttps() }
      return respondWithPage(c, <SignInPage {...page} />)
    },
    POST: async (c) => {
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
  pageRoute(pages, SIGN_OUT, {
    GET: (_, c) => seeOther(c, ADMIN),
    async POST(_, c) {
      await operatorSession.signOut(c)
      return seeOther(c, SIGN_IN, 'signed-out')
    },
  })
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
