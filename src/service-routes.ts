import type { Hono } from 'hono'
import { createAdminPages } from './admin/admin-pages.tsx'
import type { Config } from './config.ts'
import { createApp } from './http/app.ts'
import type { AppEnv } from './http/app-env.ts'
import { createAskStatus } from './http/ask-status.ts'
import { createDirectRoutes, type DirectRoutes } from './http/direct-routes.ts'
import type { ErrorAnswers } from './http/error-answers.ts'
import { healthRoutes } from './http/health-routes.ts'
import { metricsRoutes } from './http/metrics-routes.ts'
import { deliveryRoutes } from './http/operators/delivery-routes.ts'
import { doctorRoutes } from './http/operators/doctor-routes.ts'
import { overviewRoutes } from './http/operators/overview-routes.ts'
import { runRoutes } from './http/operators/run-routes.ts'
import { upkeepRoutes } from './http/operators/upkeep-routes.ts'
import { createHeartbeats } from './http/status-heartbeats.ts'
import { statusRoutes } from './http/status-routes.ts'
import { submissionRoutes } from './http/submission-routes.ts'
import { createTakeWebhook, type TakeWebhookDeps } from './http/take-webhook.ts'
import { uploadRoutes } from './http/upload-routes.ts'
import { webhookRoutes } from './http/webhook-routes.ts'
import type { CapabilityTokens } from './tracking/capability-tokens.ts'
import { startSystemTimer } from './tracking/status-timer.ts'

type DepsOf<Make extends (deps: never) => unknown> = Parameters<Make>[0]

type RoutesDeps = DepsOf<typeof uploadRoutes> &
  Omit<DepsOf<typeof submissionRoutes>, 'heartbeats' | 'startTimer'> &
  TakeWebhookDeps &
  DepsOf<typeof runRoutes> &
  DepsOf<typeof deliveryRoutes> &
  DepsOf<typeof overviewRoutes> &
  Omit<DepsOf<typeof statusRoutes>, 'statusTokens' | 'askStatus' | 'subject' | 'heartbeats'> &
  DepsOf<typeof upkeepRoutes> &
  DepsOf<typeof doctorRoutes> &
  Omit<DepsOf<typeof metricsRoutes>, 'isPublic'> &
  DepsOf<typeof healthRoutes> &
  Omit<DepsOf<typeof createAdminPages>, 'tell' | 'heartbeats'> & {
    config: Config
    errorAnswers: ErrorAnswers
    tokens: CapabilityTokens
  }

/** Every address that the service answers. */
export function createServiceApp(deps: RoutesDeps): { app: Hono<AppEnv>; direct: DirectRoutes } {
  const { config, errorAnswers, tokens } = deps
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
  const askStatus = createAskStatus(statusDeps)
  const takeWebhook = createTakeWebhook(deps)
  const pages = createAdminPages({ ...deps, heartbeats, tell: errorAnswers.tell })
  const app = createApp({
    errorAnswers,
    pages,
    loopbackOnly,
    groups: [
      uploadRoutes(deps),
      submissionRoutes({ ...deps, heartbeats, startTimer }),
      webhookRoutes({ takeWebhook }),
      runRoutes(deps),
      deliveryRoutes(deps),
      overviewRoutes(deps),
      statusRoutes({ ...statusDeps, askStatus }),
      // After the routes of statuses: `/assets/status` is no asset.
      upkeepRoutes(deps),
      doctorRoutes(deps),
      metricsRoutes({ ...deps, isPublic: config.metricsPublic }),
      pages.routes,
      healthRoutes(deps),
    ],
  })
  return { app, direct: createDirectRoutes({ askStatus, takeWebhook, errorAnswers, loopbackOnly }) }
}
