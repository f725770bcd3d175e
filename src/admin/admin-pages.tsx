import { Hono } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import type { AppContext, AppEnv } from '../http/app-env.ts'
import type { ErrorAnswers } from '../http/error-answers.ts'
import { ADMIN, SIGN_IN, withQuery } from './addresses.ts'
import { createEntrance, type Entrance, type EntranceDeps } from './entrance.ts'
import { answerPage, seeOther, setPageHeaders } from './page-answers.ts'
import { ErrorPage } from './pages/error-page.tsx'
import { ResumePage } from './pages/resume-page.tsx'
import { SignInPage } from './pages/sign-in-page.tsx'
import { readInterruptedForm, StaleFormError } from './read-form.ts'
import { assetRoutes } from './routes/asset-routes.tsx'
import { deliveryRoutes } from './routes/delivery-routes.tsx'
import { failureRoutes } from './routes/failure-routes.tsx'
import { overviewRoutes } from './routes/overview-routes.tsx'
import { runRoutes } from './routes/run-routes.tsx'
import { type SignInRoutesDeps, signInRoutes } from './routes/sign-in-routes.tsx'

type RoutesDeps = Parameters<typeof overviewRoutes>[0] &
  Parameters<typeof failureRoutes>[0] &
  Parameters<typeof runRoutes>[0] &
  Parameters<typeof assetRoutes>[0] &
  Parameters<typeof deliveryRoutes>[0] &
  SignInRoutesDeps

export type AdminPagesDeps = Omit<RoutesDeps, keyof Entrance> & EntranceDeps & { tell: ErrorAnswers['tell'] }

export type AdminPages = {
  routes: Hono<AppEnv>
  has(path: string): boolean
  answerError(error: unknown, c: AppContext): Response | Promise<Response>
}

/** The pages for a person. They decide nothing: the use cases that the operators' routes call are called here. */
export function createAdminPages(deps: AdminPagesDeps): AdminPages {
  const entrance = createEntrance(deps)
  const { door } = entrance
  const routes = new Hono<AppEnv>()
  routes.use(`${ADMIN}/*`, async (c, next) => {
    setPageHeaders(c)
    await next()
  })
  const given = { ...deps, ...entrance }
  const groups = [
    signInRoutes(given),
    overviewRoutes(given),
    failureRoutes(given),
    runRoutes(given),
    assetRoutes(given),
    deliveryRoutes(given),
  ]
  for (const group of groups) routes.route('/', group)

  return {
    routes,
    has: (path) => path === ADMIN || path.startsWith(`${ADMIN}/`),
    async answerError(error, c) {
      setPageHeaders(c)
      if (error instanceof TrackerError && error.code === 'unauthenticated') {
        const { pathname, search } = new URL(c.req.url)
        if (c.req.method !== 'POST') return seeOther(c, withQuery(SIGN_IN, { to: pathname + search }))
        const interrupted = await readInterruptedForm(c)
        if (interrupted === undefined) return seeOther(c, SIGN_IN)
        const { hasAdminKey, needsHttps } = entrance
        const page = { target: interrupted.target, interrupted, hasAdminKey, needsHttps: needsHttps() }
        return answerPage(c, <SignInPage {...page} />, 401)
      }
      if (error instanceof StaleFormError && error.interrupted !== undefined) {
        const { operator, interrupted, message } = error
        return answerPage(c, <ResumePage {...{ operator, interrupted, explanation: message }} />, 403)
      }
      const { code, problem, detail, fields } = deps.tell(error, c.get('requestId'))
      if (problem.retryAfter !== undefined) c.header('Retry-After', String(problem.retryAfter))
      const { status, title } = problem
      const page = {
        operator: door.find(c),
        status,
        title,
        code,
        detail,
        fields,
        requestId: c.get('requestId'),
      }
      return answerPage(c, <ErrorPage {...page} />, status)
    },
  }
}
