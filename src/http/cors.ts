import { cors } from 'hono/cors'

/**
 * For the routes that a browser opens with `?token=`: any page may read them, for only the token opens them.
 * Answers OPTIONS with 204.
 */
export function tokenRouteCors(methods: readonly string[]) {
  return cors({
    origin: '*',
    allowMethods: [...methods],
    allowHeaders: ['Content-Type', 'If-None-Match', 'Last-Event-ID', 'X-Request-Id'],
    exposeHeaders: ['ETag', 'Retry-After', 'Location', 'Link', 'X-Request-Id'],
    maxAge: 600,
  })
}
