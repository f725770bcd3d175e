import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { AppEnv } from './request.ts'
import { headersObject } from './response.ts'

const EXPOSED = ['ETag', 'Retry-After', 'Location', 'Link', 'X-Request-Id']

/** The CORS headers of a response on a route with `tokenRouteCors`, except to OPTIONS. */
export const TOKEN_ROUTE_HEADERS = [
  'Access-Control-Allow-Origin',
  '*',
  'Access-Control-Expose-Headers',
  EXPOSED.join(','),
]

/**
 * CORS for the routes that a browser may open with `?token=`. Any page may read their responses: the token alone gives access.
 * Responds to OPTIONS with 204.
 */
export function tokenRouteCors(methods: readonly string[]): MiddlewareHandler<AppEnv> {
  const handlePreflight = cors({
    origin: '*',
    allowMethods: [...methods],
    allowHeaders: ['Content-Type', 'If-None-Match', 'Last-Event-ID', 'X-Request-Id'],
    exposeHeaders: EXPOSED,
    maxAge: 600,
  })
  return async (c, next) => {
    if (c.req.method === 'OPTIONS') return handlePreflight(c, next)
    // Not with Hono's `cors`: it creates a response for the headers first, and then copies each real response into it through a
    // stream.
    for (const [name, value] of Object.entries(headersObject(TOKEN_ROUTE_HEADERS))) c.header(name, value)
    await next()
  }
}
