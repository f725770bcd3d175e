import { Hono } from 'hono'
import { TrackerError } from '../../domain/errors.ts'
import type { AppContext, AppEnv } from '../../http/app-env.ts'
import { PROBLEMS } from '../../http/problems.ts'
import { route } from '../../http/routes.ts'
import { signIn } from '../../tracking/operators/sign-in.ts'
import { ADMIN, formLabel, SIGN_IN, SIGN_OUT, safeTarget } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import type { OperatorDoor } from '../operator-door.ts'
import { answerPage, seeOther } from '../page-answers.ts'
import { ResumePage } from '../pages/resume-page.tsx'
import { SignInPage } from '../pages/sign-in-page.tsx'
import { isForeign, MAX_ANONYMOUS_FORM_BYTES, readForm, readOwnForm } from '../read-form.ts'

export type SignInRoutesDeps = Parameters<typeof signIn>[0] & {
  door: OperatorDoor
  hasAdminKey: boolean
  needsHttps: () => boolean
  addressOf: (c: AppContext) => string
}

export function signInRoutes(deps: SignInRoutesDeps): Hono<AppEnv> {
  const { door, hasAdminKey } = deps
  const app = new Hono<AppEnv>()

  route(app, SIGN_IN, {
    GET: (c) => {
      const target = safeTarget(c.req.query('to'))
      if (door.find(c) !== undefined) return seeOther(c, target)
      const notice = takeNotice(c)
      const page = { target, notice, hasAdminKey, needsHttps: deps.needsHttps() }
      return answerPage(c, <SignInPage {...page} />)
    },
    POST: async (c) => {
      // There is no session yet that a form's token could belong to.
      if (isForeign(c)) throw new TrackerError('forbidden', 'Another site has sent this form.')
      const form = await readForm(c, MAX_ANONYMOUS_FORM_BYTES)
      const target = safeTarget(form.get('to') ?? undefined)
      const kept = form.get('form')
      const interrupted =
        kept === null || formLabel(target) === undefined
          ? undefined
          : { target, fields: new URLSearchParams(kept) }
      try {
        const session = await signIn(deps, { key: form.get('key') ?? '', address: deps.addressOf(c) })
        const operator = door.enter(c, session)
        if (interrupted === undefined) return seeOther(c, target)
        const explanation = 'You are signed in again. The form was not sent yet, so nothing was done.'
        return answerPage(c, <ResumePage {...{ operator, interrupted, explanation }} />)
      } catch (error) {
        const problem = error instanceof TrackerError ? problemText(error) : undefined
        if (!(error instanceof TrackerError) || problem === undefined) throw error
        const told: { status: 401 | 403 | 429; retryAfter?: number } = problem.told
        if (told.retryAfter !== undefined) c.header('Retry-After', String(told.retryAfter))
        const page = {
          target,
          interrupted,
          problem: problem.text,
          hasAdminKey,
          needsHttps: deps.needsHttps(),
        }
        return answerPage(c, <SignInPage {...page} />, told.status)
      }
    },
  })
  route(app, SIGN_OUT, {
    GET: (c) => seeOther(c, ADMIN),
    POST: async (c) => {
      await readOwnForm(c, door)
      await door.leave(c)
      return seeOther(c, SIGN_IN, 'signed-out')
    },
  })
  return app
}

function problemText(error: TrackerError) {
  switch (error.code) {
    case 'unauthenticated':
      return {
        text: 'This key is not known. Check that you copied it completely. For name:secret, enter only the secret.',
        told: PROBLEMS.unauthenticated,
      }
    case 'forbidden':
      return {
        text: 'This is an API key. An admin key is needed here: one of those in TRACKER_ADMIN_KEY.',
        told: PROBLEMS.forbidden,
      }
    case 'too_many_attempts':
      return { text: error.message, told: PROBLEMS.too_many_attempts }
    default:
      return undefined
  }
}
