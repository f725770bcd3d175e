import { Hono } from 'hono'
import type { Access } from '../tracking/access.ts'
import type { AppEnv } from './app-env.ts'
import { requestKey } from './request-key.ts'
import { route } from './routes.ts'

type MetricsRoutesDeps = {
  metrics: { contentType: string; expose(): Promise<string> }
  access: Pick<Access, 'identify'>
  /** Whether the route needs no key. */
  isPublic: boolean
}

export function metricsRoutes({ metrics, access, isPublic }: MetricsRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, '/metrics', {
    GET: async (c) => {
      if (!isPublic) access.identify(requestKey(c.env.incoming))
      return c.body(await metrics.expose(), 200, {
        'Content-Type': metrics.contentType,
        'Cache-Control': 'no-store',
      })
    },
  })
  return app
}
