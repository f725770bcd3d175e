import type { IncomingMessage } from 'node:http'
import type { Hono } from 'hono'
import type { AppEnv } from './request.ts'

/** Finds the pattern of the route that a request matches, such as `/assets/:fileId/status`. Undefined if there is none. */
export function createRoutePattern(
  app: Pick<Hono<AppEnv>, 'router'>,
): (incoming: IncomingMessage) => string | undefined {
  return ({ method = '', url = '' }) => {
    const path = url.replace(/\?.*/s, '')
    const [matches] = app.router.match(method === 'HEAD' ? 'GET' : method, path)
    // The patterns of middleware end with an asterisk.
    return matches.map(([[, { path: pattern }]]) => pattern).findLast((pattern) => !pattern.endsWith('*'))
  }
}
