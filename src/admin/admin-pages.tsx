import { Hono, type MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { TrackerError } from '../domain/errors.ts'
import type { ErrorResponses } from '../http/error-responses.ts'
import type { AppContext, AppEnv } from '../http/request.ts'
import { ADMIN, SIGN_IN, withQuery } from './addresses.ts'
import { type AdminAuth, type AdminAuthDeps, createAdminAuth } from './admin-auth.ts'
import { respondWithPage, seeOther } from './page-responses.ts'
import { rejectOtherSites, setPageHeaders } from './page-security.ts'
import { ErrorPage } from './pages/error-page.tsx'
import { ResumePage } from './pages/resume-page.tsx'
import { SignInPage } from './pages/sign-in-page.tsx'
import { readInterruptedForm, StaleFormError } from './read-form.ts'
import { type AssetRoutesDeps, assetRoutes } from './routes/asset-routes.tsx'
import { type DeliveryRoutesDeps, deliveryRoutes } from './routes/delivery-routes.tsx'
import { type FailureRoutesDeps, failureRoutes } from './routes/failure-routes.tsx'
import { type OverviewRoutesDeps, overviewRoutes } from './routes/overview-routes.tsx'
import { type RunRoutesDeps, runRoutes } from './routes/run-routes.tsx'
import { type SignInRoutesDeps, signInRoutes } from './routes/sign-in-routes.tsx'

type RoutesDeps = OverviewRoutesDeps &
  FailureRoutesDeps &
  RunRoutesDeps &
  AssetRoutesDeps &
  DeliveryRoutesDeps &
  SignInRoutesDeps

export type AdminPagesDeps = Omit<RoutesDeps, keyof AdminAuth> &
  AdminAuthDeps & { describeError: ErrorResponses['describe'] }

export type AdminPages = {
  routes: Hono<AppEnv>
  /** Whether the path is `/admin` or below it, even if there is no such page. */
  has(path: string): boolean
  /** Register this middleware before the routes, so that error pages have the headers too. */
  setPageHeaders: MiddlewareHandler<AppEnv>
  respondToError(error: unknown, c: AppContext): Response | Promise<Response>
}

/** The operator pages. They contain no business rules, and call the same use cases as the operator API. */
export function createAdminPages(deps: AdminPagesDeps): AdminPages {
  const auth = createAdminAuth(deps)
  const { operatorSession } = auth
  const routes = new Hono<AppEnv>()
  routes.use(`${ADMIN}/*`, rejectOtherSites)
  const routeDeps = { ...deps, ...auth }
  const pages = { app: routes, operatorSession }
  routes.get(`${ADMIN}/`, (c) => c.redirect(c.get('basePath') + ADMIN, 301))
  signInRoutes(pages, routeDeps)
  overviewRoutes(pages, routeDeps)
  failureRoutes(pages, routeDeps)
  runRoutes(pages, routeDeps)
  assetRoutes(pages, routeDeps)
  deliveryRoutes(pages, routeDeps)

  return {
    routes,
    has: (path) => path === ADMIN || path.startsWith(`${ADMIN}/`),
    setPageHeaders,
    async respondToError(thrown, c) {
      // Only `rejectOtherSites` throws an `HTTPException`.
      const error =
        thrown instanceof HTTPException
          ? new TrackerError('forbidden', 'This form was sent by another site.')
          : thrown
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
