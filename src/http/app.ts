import { Hono, type MiddlewareHandler } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import { type ErrorResponses, isImagekitPath } from './error-responses.ts'
import { localOnly } from './local-only.ts'
import { type AppContext, type AppEnv, requestId } from './request.ts'

/** The tracker's HTTP application, before routes are added: the middleware and error handling that all routes share. */
export function createApp(deps: {
  errorResponses: ErrorResponses
  /** Whether to reject requests that are not local: see `nonLocalReason`. */
  loopbackOnly: boolean
  /** Addresses that people open in a browser. Their errors are HTML pages. */
  pages: {
    has(path: string): boolean
    setPageHeaders: MiddlewareHandler<AppEnv>
    respondToError(error: unknown, c: AppContext): Response | Promise<Response>
  }
}): Hono<AppEnv> {
  const { asImagekit, asProblem } = deps.errorResponses
  const respondToError = (error: unknown, c: AppContext) => {
    if (deps.pages.has(c.req.path)) return deps.pages.respondToError(error, c)
    return isImagekitPath(c.req.path) ? asImagekit(error, c) : asProblem(error, c)
  }

  const app = new Hono<AppEnv>()
  app.use(requestId)
  app.use(async (c, next) => (deps.pages.has(c.req.path) ? deps.pages.setPageHeaders(c, next) : next()))
  if (deps.loopbackOnly) app.use(localOnly)
  app.onError(respondToError)
  app.notFound((c) => {
    const message = isImagekitPath(c.req.path) ? NOT_FORWARDED : 'No route matches this address.'
    return respondToError(new TrackerError('not_found', message), c)
  })
  return app
}

const NOT_FORWARDED =
  'The tracker does not forward this address. It forwards uploads (POST /api/v1/files/upload and /api/v2/files/upload) and ' +
  'updates (PATCH /v1/files/FILE_ID/details). Send every other request directly to ImageKit, with your private key.'
