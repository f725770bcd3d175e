import { createAdminPages } from './admin/admin-pages.tsx'
import type { Config } from './config.ts'
import { createApp } from './http/app.ts'
import type { ErrorResponses } from './http/error-responses.ts'
import { createFastPaths } from './http/fast-paths.ts'
import { healthRoutes } from './http/health-routes.ts'
import { metricsRoutes } from './http/metrics-routes.ts'
import { deliveryRoutes } from './http/operators/delivery-routes.ts'
import { doctorRoutes } from './http/operators/doctor-routes.ts'
import { overviewRoutes } from './http/operators/overview-routes.ts'
import { runRoutes } from './http/operators/run-routes.ts'
import { upkeepRoutes } from './http/operators/upkeep-routes.ts'
import { createRequestHandler, type RequestHandler } from './http/request-handler.ts'
import type { Api, DescribedOperation } from './http/route.ts'
import { createStatusHandler } from './http/status-handler.ts'
import { createHeartbeats } from './http/status-heartbeats.ts'
import { statusRoutes } from './http/status-routes.ts'
import { submissionRoutes } from './http/submission-routes.ts'
import { uploadRoutes } from './http/upload-routes.ts'
import { createWebhookHandler, type WebhookHandlerDeps } from './http/webhook-handler.ts'
import { webhookRoutes } from './http/webhook-routes.ts'
import type { CapabilityTokens } from './tracking/capability-tokens.ts'
import { startSystemTimer } from './tracking/status-timer.ts'

type DepsOf<Register extends (api: never, deps: never) => void> = Parameters<Register>[1]

type RoutesDeps = DepsOf<typeof uploadRoutes> &
  Omit<DepsOf<typeof submissionRoutes>, 'heartbeats' | 'startTimer'> &
  WebhookHandlerDeps &
  DepsOf<typeof runRoutes> &
  DepsOf<typeof deliveryRoutes> &
  DepsOf<typeof overviewRoutes> &
  Omit<DepsOf<typeof statusRoutes>, 'handleStatus' | 'heartbeats'> &
  DepsOf<typeof upkeepRoutes> &
  DepsOf<typeof doctorRoutes> &
  Omit<DepsOf<typeof metricsRoutes>, 'isPublic'> &
  DepsOf<typeof healthRoutes> &
  Omit<Parameters<typeof createAdminPages>[0], 'describeError' | 'heartbeats'> &
  Pick<Api, 'access' | 'readBody'> & {
    config: Config
    errorResponses: ErrorResponses
    tokens: CapabilityTokens
  }

/** All routes of the service, as a handler for Node's HTTP server. */
export function createServiceHandler(deps: RoutesDeps): {
  handler: RequestHandler
  operations: readonly DescribedOperation[]
} {
  const { config, errorResponses, access, readBody } = deps
  const { loopbackOnly } = config
  const startTimer = startSystemTimer
  const heartbeats = createHeartbeats(startTimer)
  const tokens = { asset: deps.tokens.status, submission: deps.tokens.submission }
  const handleStatus = createStatusHandler({ ...deps, startTimer, subject: 'asset' })
  const handleWebhook = createWebhookHandler(deps)
  const pages = createAdminPages({ ...deps, heartbeats, describeError: errorResponses.describe })
  const app = createApp({ errorResponses, pages, loopbackOnly })
  const api: Api = { app, operations: [], access, tokens, readBody }
  uploadRoutes(api, deps)
  submissionRoutes(api, { ...deps, heartbeats, startTimer })
  webhookRoutes(api, { handleWebhook })
  runRoutes(api, deps)
  deliveryRoutes(api, deps)
  overviewRoutes(api, deps)
  statusRoutes(api, { ...deps, heartbeats, handleStatus })
  // After the status routes: in `/assets/status`, `status` is not a fileId.
  upkeepRoutes(api, deps)
  doctorRoutes(api, deps)
  metricsRoutes(api, { ...deps, isPublic: config.metricsPublic })
  app.route('/', pages.routes)
  healthRoutes(api, deps)
  const fastPaths = createFastPaths({
    access,
    tokens,
    handleStatus,
    handleWebhook,
    errorResponses,
    loopbackOnly,
  })
  return {
    handler: createRequestHandler(app, { fastPaths, errorResponses }),
    operations: api.operations,
  }
}
