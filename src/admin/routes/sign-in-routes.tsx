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
import { type InterruptedForm, MAX_ANONYMOUS_FORM_BYTES, readForm } from '../read-form.ts'

export type SignInRoutesDeps = SignInDeps & {
  hasAdminKey: boolean
  needsHttps: () => boolean
  addressOf: (c: AppContext) => string
}

/** Signs operators in and out. */
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
      const interrupted = findInterruptedForm(form, target)
      try {
        const session = await signIn(deps, { key: form.get('key') ?? '', address: deps.addressOf(c) })
        const operator = operatorSession.signIn(c, session)
        if (interrupted === undefined) return seeOther(c, target)
        const explanation =
          'You are signed in again. The form has not been processed, so nothing has changed.'
        return respondWithPage(c, <ResumePage {...{ operator, interrupted, explanation }} />)
      } catch (error) {
        const failure = error instanceof TrackerError ? describeFailure(error) : undefined
        if (failure === undefined) throw error
        const { message, status, retryAfter } = failure
        if (retryAfter !== undefined) c.header('Retry-After', String(retryAfter))
        const page = { target, interrupted, problem: message, hasAdminKey, needsHttps: deps.needsHttps() }
        return respondWithPage(c, <SignInPage {...page} />, status)
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

/**
 * The form that was not processed because its session had ended. The sign-in page passes its fields on as one field; `target` is
 * its path.
 */
function findInterruptedForm(form: URLSearchParams, target: string): InterruptedForm | undefined {
  const fields = form.get('form')
  if (fields === null || formLabel(target) === undefined) return undefined
  return { target, fields: new URLSearchParams(fields) }
}

type SignInFailure = { message: string; status: 401 | 403 | 429; retryAfter?: number }

/** What to show after a failed sign-in. Undefined for an error that neither the key nor too many attempts have caused. */
function describeFailure(error: TrackerError): SignInFailure | undefined {
  switch (error.code) {
    case 'unauthenticated':
      return {
        message: 'Unknown key. Check that you copied it completely. For name:secret, enter only the secret.',
        ...PROBLEMS.unauthenticated,
      }
    case 'forbidden':
      return {
        message: 'This is an API key. Use an admin key from TRACKER_ADMIN_KEY.',
        ...PROBLEMS.forbidden,
      }
    case 'too_many_attempts':
      return { message: error.message, ...PROBLEMS.too_many_attempts }
    default:
      return undefined
  }
}
