import { Hono, type MiddlewareHandler } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import type { PassthroughMode } from '../domain/passthrough.ts'
import { type ErrorResponses, isImagekitPath } from './error-responses.ts'
import { localOnly } from './local-only.ts'
import { type AppContext, type AppEnv, requestId } from './request.ts'

/** The tracker's HTTP application, before routes are added: the middleware and error handling that all routes share. */
export function createApp(deps: {
  errorResponses: ErrorResponses
  /** Whether to reject requests that are not local: see `nonLocalReason`. */
  loopbackOnly: boolean
  /** See `AppEnv`. */
  basePath: string
  passthrough: PassthroughMode
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
    if (!isImagekitPath(c.req.path)) return asProblem(error, c)
    if (!(error instanceof TrackerError && error.code === 'method_not_allowed')) return asImagekit(error, c)
    // An SDK that sends all its requests here can read only the message.
    return asImagekit(new TrackerError(error.code, `${error.message} ${FORWARDED[deps.passthrough]}`), c)
  }

  const app = new Hono<AppEnv>()
  app.use(requestId)
  app.use(async (c, next) => {
    c.set('basePath', deps.basePath)
    return deps.pages.has(c.req.path) ? deps.pages.setPageHeaders(c, next) : next()
  })
  if (deps.loopbackOnly) app.use(localOnly)
  app.onError(respondToError)
  app.notFound((c) => {
    const message = isImagekitPath(c.req.path)
      ? `The tracker does not forward this address. ${FORWARDED[deps.passthrough]}`
      : `No route matches this address. The pages are at ${c.get('basePath')}/admin, and ${c.get('basePath')}/docs describes the API.`
    return respondToError(new TrackerError('not_found', message), c)
  })
  return app
}

const UPLOADS =
  'uploads (POST /api/v1/files/upload and /api/v2/files/upload) and updates (PATCH /v1/files/FILE_ID/details)'
const SEND_DIRECTLY = 'Send every other request directly to ImageKit, with your private key.'

/** What is forwarded, and how to have more forwarded. */
const FORWARDED: { [mode in PassthroughMode]: string } = {
  off:
    `It forwards ${UPLOADS}. To have it forward ImageKit's other routes, start it with IMAGEKIT_PASSTHROUGH=read (only GET) or ` +
    `IMAGEKIT_PASSTHROUGH=all. ${SEND_DIRECTLY}`,
  read:
    `It forwards ${UPLOADS}, and GET requests about files, versions, jobs, custom metadata fields and saved extensions. To have it forward ` +
    `changes too, start it with IMAGEKIT_PASSTHROUGH=all. ${SEND_DIRECTLY}`,
  all:
    `It forwards ${UPLOADS}, and requests about files, versions, folders, jobs, custom metadata fields and saved extensions (only GET). ` +
    SEND_DIRECTLY,
}
