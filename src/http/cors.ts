import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { AppEnv } from './app-env.ts'
import { headersObject } from './plain-answer.ts'

const EXPOSED = ['ETag', 'Retry-After', 'Location', 'Link', 'X-Request-Id']

/** What an answer to any other method than OPTIONS says of it. */
export const TOKEN_ROUTE_HEADERS = [
  'Access-Control-Allow-Origin',
  '*',
  'Access-Control-Expose-Headers',
  EXPOSED.join(','),
]

/**
 * For the routes that a browser opens with `?token=`. Any page may read them: the token alone gives access.
 * Answers OPTIONS with 204.
 */
export function tokenRouteCors(methods: readonly string[]): MiddlewareHandler<AppEnv> {
  const answerOptions = cors({
    origin: '*',
    allowMethods: [...methods],
    allowHeaders: ['Content-Type', 'If-None-Match', 'Last-Event-ID', 'X-Request-Id'],
    exposeHeaders: EXPOSED,
    maxAge: 600,
  })
  return async (c, next) => {
    if (c.req.method === 'OPTIONS') return answerOptions(c, next)
    // Hono's own sets them on a response that it makes first: each answer is then copied into that one, through a stream.
    for (const [name, value] of Object.entries(headersObject(TOKEN_ROUTE_HEADERS))) c.header(name, value)
    await next()
  }
}
