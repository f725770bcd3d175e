import type { Hono } from 'hono'
import { createAdminPages } from './admin/admin-pages.tsx'
import type { Config } from './config.ts'
import { createApp } from './http/app.ts'
import type { AppEnv } from './http/app-env.ts'
import type { ErrorResponses } from './http/error-responses.ts'
import { createFastPaths, type FastPaths } from './http/fast-paths.ts'
import { healthRoutes } from './http/health-routes.ts'
import { metricsRoutes } from './http/metrics-routes.ts'
import { deliveryRoutes } from './http/operators/delivery-routes.ts'
import { doctorRoutes } from './http/operators/doctor-routes.ts'
import { overviewRoutes } from './http/operators/overview-routes.ts'
import { runRoutes } from './http/operators/run-routes.ts'
import { upkeepRoutes } from './http/operators/upkeep-routes.ts'
import { createStatusHandler } from './http/status-handler.ts'
import { createHeartbeats } from './http/status-heartbeats.ts'
import { statusRoutes } from './http/status-routes.ts'
import { submissionRoutes } from './http/submission-routes.ts'
import { uploadRoutes } from './http/upload-routes.ts'
import { createWebhookHandler, type WebhookHandlerDeps } from './http/webhook-handler.ts'
import { webhookRoutes } from './http/webhook-routes.ts'
import type { CapabilityTokens } from './tracking/capability-tokens.ts'
import { startSystemTimer } from './tracking/status-timer.ts'

type DepsOf<Make extends (deps: never) => unknown> = Parameters<Make>[0]

type RoutesDeps = DepsOf<typeof uploadRoutes> &
  Omit<DepsOf<typeof submissionRoutes>, 'heartbeats' | 'startTimer'> &
  WebhookHandlerDeps &
  DepsOf<typeof runRoutes> &
  DepsOf<typeof deliveryRoutes> &
  DepsOf<typeof overviewRoutes> &
  Omit<DepsOf<typeof statusRoutes>, 'statusTokens' | 'handleStatus' | 'subject' | 'heartbeats'> &
  DepsOf<typeof upkeepRoutes> &
  DepsOf<typeof doctorRoutes> &
  Omit<DepsOf<typeof metricsRoutes>, 'isPublic'> &
  DepsOf<typeof healthRoutes> &
  Omit<DepsOf<typeof createAdminPages>, 'describeError' | 'heartbeats'> & {
    config: Config
    errorResponses: ErrorResponses
    tokens: CapabilityTokens
  }

/** All routes of the service. */
export function createServiceApp(deps: RoutesDeps): { app: Hono<AppEnv>; fastPaths: FastPaths } {
  const { config, errorResponses, tokens } = deps
  const { loopbackOnly } = config
  const startTimer = startSystemTimer
  const heartbeats = createHeartbeats(startTimer)
  const statusDeps = {
    ...deps,
    startTimer,
    heartbeats,
    statusTokens: tokens.status,
    subject: 'asset',
  } as const
  const handleStatus = createStatusHandler(statusDeps)
  const handleWebhook = createWebhookHandler(deps)
  const pages = createAdminPages({ ...deps, heartbeats, describeError: errorResponses.describe })
  const app = createApp({
    errorResponses,
    pages,
    loopbackOnly,
    groups: [
      uploadRoutes(deps),
      submissionRoutes({ ...deps, heartbeats, startTimer }),
      webhookRoutes({ handleWebhook }),
      runRoutes(deps),
      deliveryRoutes(deps),
      overviewRoutes(deps),
      statusRoutes({ ...statusDeps, handleStatus }),
      // After the status routes: in `/assets/status`, `status` is not a fileId.
      upkeepRoutes(deps),
      doctorRoutes(deps),
      metricsRoutes({ ...deps, isPublic: config.metricsPublic }),
      pages.routes,
      healthRoutes(deps),
    ],
  })
  return { app, fastPaths: createFastPaths({ handleStatus, handleWebhook, errorResponses, loopbackOnly }) }
}
