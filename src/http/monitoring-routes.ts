import { z } from 'zod'
import { healthSchema, readinessSchema } from '../contract/maintenance.ts'
import { isProblemCode, PROBLEMS, problemDescriptionSchema } from '../contract/problems.ts'
import { TrackerError } from '../domain/errors.ts'
import type { KeyRejections } from '../tracking/key-rejections.ts'
import { type Api, operation, route } from './route.ts'

type HealthRoutesDeps = {
  readiness: { check(): Promise<{ queuedWrites: number }> }
  keyRejections: Pick<KeyRejections, 'list'>
  /** Identifies this process, so that a client can check whether an address leads to this process. */
  instanceId: string
}

const READY = { status: 'ready', store: 'ok', migrations: 'ok' } as const

/** Health checks, and the descriptions of the problem codes. These routes need no key, and show nothing confidential. */
export function healthRoutes(api: Api, { readiness, keyRejections, instanceId }: HealthRoutesDeps): void {
  // A rejected key doesn't make the service unready: it still receives webhooks.
  const imagekitDetail = (): string => {
    const [rejection] = keyRejections.list()
    return rejection ? `rejected the private key (${rejection.status} to the last ${rejection.call})` : 'ok'
  }
  route(api, '/healthz', {
    GET: operation({
      id: 'getHealth',
      summary: 'Check that the process responds',
      auth: 'none',
      responses: { 200: healthSchema },
      headers: ['X-Instance-Id'],
      handle: () => ({
        status: 200,
        json: { status: 'ok' as const },
        headers: { 'X-Instance-Id': instanceId },
      }),
    }),
  })
  route(api, '/readyz', {
    GET: operation({
      id: 'getReadiness',
      summary: 'Check that the service can record deliveries',
      auth: 'none',
      responses: { 200: readinessSchema },
      problems: ['store_unavailable'],
      async handle() {
        const { queuedWrites } = await readiness.check()
        return { status: 200, json: { ...READY, queuedWrites, imagekit: imagekitDetail() } }
      },
    }),
  })
  route(api, '/problems/:code', {
    GET: operation({
      id: 'getProblem',
      summary: 'Explain a problem code',
      auth: 'none',
      params: z.object({ code: z.string() }),
      responses: { 200: problemDescriptionSchema },
      problems: ['not_found'],
      handle({ params: { code } }) {
        if (!isProblemCode(code)) throw new TrackerError('not_found', 'There is no problem with this code.')
        const { status, title, help } = PROBLEMS[code]
        return { status: 200, json: { code, status, title, help } }
      },
    }),
  })
}

type MetricsRoutesDeps = {
  metrics: { contentType: string; expose(): Promise<string> }
  /** Whether the route needs no key. */
  isPublic: boolean
}

export function metricsRoutes(api: Api, { metrics, isPublic }: MetricsRoutesDeps): void {
  route(api, '/metrics', {
    GET: operation({
      id: 'getMetrics',
      worksWithoutStore: true,
      summary: 'Get the metrics in Prometheus’ text format',
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
