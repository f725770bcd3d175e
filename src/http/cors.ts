import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { AppEnv } from './app-env.ts'

const EXPOSED = ['ETag', 'Retry-After', 'Location', 'Link', 'X-Request-Id']

/**
 * For the routes that a browser opens with `?token=`: any page may read them, for only the token opens them.
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
    c.header('Access-Control-Allow-Origin', '*')
    c.header('Access-Control-Expose-Headers', EXPOSED.join(','))
    await next()
  }
}
