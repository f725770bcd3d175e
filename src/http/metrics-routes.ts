import { type Api, operation, route } from './route.ts'

type MetricsRoutesDeps = {
  metrics: { contentType: string; expose(): Promise<string> }
  /** Whether the route needs no key. */
  isPublic: boolean
}

export function metricsRoutes(api: Api, { metrics, isPublic }: MetricsRoutesDeps): void {
  route(api, '/metrics', {
    GET: operation({
      auth: isPublic ? 'none' : 'key',
      responses: { 200: { mediaType: 'text/plain' } },
      async handle(_, c) {
        return c.body(await metrics.expose(), 200, {
          'Content-Type': metrics.contentType,
          'Cache-Control': 'no-store',
        })
      },
    }),
  })
}
