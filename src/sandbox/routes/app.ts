import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import type { Logger } from 'pino'
import { isLoopbackHost } from '../../domain/host-address.ts'
import { ApiError } from '../api-error.ts'

/** The HTTP app of the sandbox: every response has a request id, and every error has ImageKit's shape. */
export function createApp(
  routes: readonly Hono[],
  { allowedHosts, logger }: { allowedHosts: readonly string[]; logger: Pick<Logger, 'error'> },
): Hono {
  // Version 6 of ImageKit's SDK lists files at `/v1/files/`, with a slash at the end.
  const app = new Hono({ strict: false })
  app.use(async (c, next) => {
    c.header('x-ik-requestId', randomUUID())
    await next()
  })
  app.use(async (c, next) => {
    // DNS rebinding: a website could point its own name here, and read and upload files through its visitor's browser.
    const host = new URL(c.req.url).hostname
    if (!isLoopbackHost(host) && !allowedHosts.includes(host))
      return c.json(
        errorBody(`The sandbox does not accept the Host ${host}; start it with --allow-host ${host}.`),
        403,
      )
    return next()
  })
  app.onError((error, c) => {
    if (error instanceof ApiError)
      return c.json({ ...errorBody(error.message), ...error.details }, error.status)
    const { method, path } = c.req
    logger.error({ event: 'request.failed', err: error, method, path }, 'request failed')
    return c.json(errorBody('We have encountered an internal error while processing your request.'), 500)
  })
  app.notFound((c) => c.json(errorBody('The requested resource does not exist.'), 404))
  for (const route of routes) app.route('/', route)
  return app
}

const HELP = 'For support kindly contact us at support@imagekit.io.'

/** The body of every error response; some have further fields. */
function errorBody(message: string): { message: string; help: string } {
  return { message, help: HELP }
}
