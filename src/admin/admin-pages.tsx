import { Hono } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import type { ErrorResponses } from '../http/error-responses.ts'
import type { AppContext, AppEnv } from '../http/request.ts'
import { ADMIN, SIGN_IN, withQuery } from './addresses.ts'
import { type AdminAuth, type AdminAuthDeps, createAdminAuth } from './admin-auth.ts'
import { respondWithPage, seeOther, setPageHeaders } from './page-responses.ts'
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

type RoutesDeps = Parameters<typeof overviewRoutes>[1] &
  Parameters<typeof failureRoutes>[1] &
  Parameters<typeof runRoutes>[1] &
  Parameters<typeof assetRoutes>[1] &
  Parameters<typeof deliveryRoutes>[1] &
  SignInRoutesDeps

export type AdminPagesDeps = Omit<RoutesDeps, keyof AdminAuth> &
  AdminAuthDeps & { describeError: ErrorResponses['describe'] }

export type AdminPages = {
  routes: Hono<AppEnv>
  has(path: string): boolean
  respondToError(error: unknown, c: AppContext): Response | Promise<Response>
}

/** The operator pages. They have no logic of their own and call the same use cases as the operator API. */
export function createAdminPages(deps: AdminPagesDeps): AdminPages {
  const auth = createAdminAuth(deps)
  const { operatorSession } = auth
  const routes = new Hono<AppEnv>()
  routes.use(`${ADMIN}/*`, async (c, next) => {
    setPageHeaders(c)
    await next()
  })
  const routeDeps = { ...deps, ...auth }
  const pages = { app: routes, operatorSession }
  routes.get(`${ADMIN}/`, (c) => c.redirect(ADMIN, 301))
  signInRoutes(pages, routeDeps)
  overviewRoutes(pages, routeDeps)
  failureRoutes(pages, routeDeps)
  runRoutes(pages, routeDeps)
  assetRoutes(pages, routeDeps)
  deliveryRoutes(pages, routeDeps)

  return {
    routes,
    has: (path) => path === ADMIN || path.startsWith(`${ADMIN}/`),
    async respondToError(error, c) {
      setPageHeaders(c)
      if (error instanceof TrackerError && error.code === 'unauthenticated') {
        const { pathname, search } = new URL(c.req.url)
        if (c.req.method !== 'POST') return seeOther(c, withQuery(SIGN_IN, { to: pathname + search }))
        const interrupted = await readInterruptedForm(c)
        if (interrupted === undefined) return seeOther(c, SIGN_IN)
        const { hasAdminKey, needsHttps } = auth
        const page = { target: interrupted.target, interrupted, hasAdminKey, needsHttps: needsHttps() }
        return respondWithPage(c, <SignInPage {...page} />, 401)
      }
      if (error instanceof StaleFormError && error.interrupted !== undefined) {
        const { operator, interrupted, message } = error
        return respondWithPage(c, <ResumePage {...{ operator, interrupted, explanation: message }} />, 403)
      }
      const { code, problem, detail, fields } = deps.describeError(error, c.get('requestId'))
      if (problem.retryAfter !== undefined) c.header('Retry-After', String(problem.retryAfter))
      const { status, title } = problem
      const page = {
        operator: operatorSession.find(c),
        status,
        title,
        code,
        detail,
        fields,
        requestId: c.get('requestId'),
      }
      return respondWithPage(c, <ErrorPage {...page} />, status)
    },
  }
}
