import { dirname, join } from 'node:path'
import type { Hono } from 'hono'
import { type Logger, pino } from 'pino'
import { v7 } from 'uuid'
import type { Config } from './config.ts'
import { createApp } from './http/app.ts'
import type { AppEnv } from './http/app-env.ts'
import { BODY_IDLE_MS } from './http/body-chunks.ts'
import { createErrorAnswers } from './http/error-answers.ts'
import { healthRoutes } from './http/health-routes.ts'
import { metricsRoutes } from './http/metrics-routes.ts'
import { deliveryRoutes } from './http/operators/delivery-routes.ts'
import { overviewRoutes } from './http/operators/overview-routes.ts'
import { runRoutes } from './http/operators/run-routes.ts'
import { upkeepRoutes } from './http/operators/upkeep-routes.ts'
import { parseJson } from './http/read-json.ts'
import { createHttpServer } from './http/server.ts'
import { statusRoutes } from './http/status-routes.ts'
import { submissionRoutes } from './http/submission-routes.ts'
import { uploadRoutes } from './http/upload-routes.ts'
import { webhookRoutes } from './http/webhook-routes.ts'
import { readAccountEvent } from './imagekit/account-event.ts'
import { createImagekitClient } from './imagekit/client.ts'
import { errorBody } from './imagekit/error-body.ts'
import { readExtensionWord } from './imagekit/extension-webhook.ts'
import { createFileLookup } from './imagekit/file-lookup.ts'
import { successPayload } from './imagekit/success-payload.ts'
import { verifySignature } from './imagekit/webhook-signature.ts'
import { createJobs } from './jobs/jobs.ts'
import { createMetrics } from './metrics/prometheus.ts'
import { createNotificationSender } from './notify/send-notification.ts'
import { readPackageVersion } from './package-version.ts'
import { openSqliteStore } from './store/sqlite/open-sqlite-store.ts'
import type { Store } from './store/store.ts'
import { keepTokenSecret } from './token-secret.ts'
import { createAccess } from './tracking/access.ts'
import { createAnswerBacklog } from './tracking/answer-backlog.ts'
import { createCapabilityTokens } from './tracking/capability-tokens.ts'
import { createFirstReceipts } from './tracking/first-receipts.ts'
import { createLinks, readWebhookToken } from './tracking/links.ts'
import { createReadiness } from './tracking/readiness.ts'
import { createRefusedLog } from './tracking/refused-log.ts'
import { createSignatureCheck } from './tracking/signature-check.ts'
import { createStatusBoard } from './tracking/status-board.ts'
import { createUploadGate } from './tracking/upload-gate.ts'

export type Service = {
  app: Hono<AppEnv>
  /** Recovers what a dead process left, listens, and resolves with the address that is in force. */
  start(): Promise<{ url: string }>
  /** Lets what is under way finish for 10 seconds, then closes the store. */
  stop(): Promise<void>
}

/** What a test may put in the place of the real thing. */
export type Overrides = {
  clock?: () => number
  store?: Store
  logger?: Logger
  /** How long ImageKit may be silent, in milliseconds. */
  imagekitTimeoutMs?: number
  /** How long the sender of a body may send nothing, in milliseconds. */
  bodyIdleMs?: number
  /** How often it is looked at what is the matter, in milliseconds. */
  alertEveryMs?: number
  drainMs?: number
}

const FORM_LIMITS = { maxFieldBytes: 1024 * 1024, maxParts: 100 }

/** The composition root: opens the store (throws where it can't) and wires everything to it. */
export function createService(config: Config, overrides: Overrides = {}): Service {
  const { clock = Date.now, logger: log = pino({ level: config.logLevel }), drainMs = 10_000 } = overrides
  const address = { publicUrl: config.publicUrl }
  const secretFile = join(dirname(config.database.path), 'token-secret')
  const tokens = createCapabilityTokens(config.tokenSecrets ?? [keepTokenSecret(secretFile)])
  const links = createLinks(() => address.publicUrl, tokens)
  const store = overrides.store ?? openSqliteStore({ path: config.database.path })
  const { meter, ...metrics } = createMetrics({ store, clock, version: readPackageVersion() })
  const board = createStatusBoard(
    { store },
    { onLoadError: (err, fileId) => log.error({ err, fileId }, 'a status could not be read') },
  )
  const backlog = createAnswerBacklog({ log })
  const receipts = createFirstReceipts()
  const refusedLog = createRefusedLog({ store, log })
  const imagekit = createImagekitClient({
    ...config.imagekit,
    formLimits: FORM_LIMITS,
    timeoutMs: overrides.imagekitTimeoutMs ?? 300_000,
  })
  const lookup = createFileLookup(config.imagekit)
  const sender = createNotificationSender({ ...config.notifying, clock })
  const { overdueAfterMs, reconcileEveryMs, expireAfterMs, retentionMs } = config.upkeep
  const reconciling = {
    store,
    board,
    clock,
    meter,
    imagekit: lookup,
    successPayload,
    everyMs: reconcileEveryMs,
    expireAfterMs,
  }
  const access = createAccess(config.apiKeys, config.adminKeys)
  const gate = createUploadGate(config.maxConcurrentUploads)
  const uploadLimits = { maxBytes: config.maxUploadBytes, idleMs: overrides.bodyIdleMs ?? BODY_IDLE_MS }
  const shared = {
    store,
    board,
    backlog,
    imagekit,
    links,
    tokens,
    access,
    gate,
    clock,
    meter,
    overdueAfterMs,
    newId: v7,
    errorBody,
    log,
  }
  const jobs = createJobs({
    ...shared,
    sender,
    reconciling,
    retentionMs,
    alerting: config.alerting,
    alertEveryMs: overrides.alertEveryMs ?? 1000,
  })
  const receiving = {
    ...shared,
    receipts,
    refusedLog,
    readToken: (token: string) => readWebhookToken(tokens, token),
    checkSignature: createSignatureCheck({
      secrets: config.signatures.secrets,
      verify: verifySignature,
      receipts,
    }),
    requireSignature: config.signatures.requireOnExtensions,
    parseJson,
    readExtensionWord,
    readAccountEvent,
  }
  const errorAnswers = createErrorAnswers(
    () => address.publicUrl,
    (err, requestId) => log.error({ err, requestId }, 'a request failed'),
  )
  const app = createApp({
    errorAnswers,
    loopbackOnly: config.loopbackOnly,
    groups: [
      uploadRoutes({ ...shared, uploadLimits }),
      submissionRoutes(shared),
      webhookRoutes(receiving),
      runRoutes({ ...shared, wake: jobs.wakeRetrier }),
      deliveryRoutes(receiving),
      overviewRoutes(shared),
      statusRoutes({ board, access, statusTokens: tokens.status }),
      // After the routes of statuses: `/assets/status` is no asset.
      upkeepRoutes({ ...shared, reconciling, backupFolder: dirname(config.database.path) }),
      metricsRoutes({ metrics, access, isPublic: config.metricsPublic }),
      healthRoutes({ readiness: createReadiness({ store, backlog }) }),
    ],
  })
  const server = createHttpServer(app, errorAnswers.unreadable)

  return {
    app,
    async start() {
      for (const warning of config.warnings) log.warn(warning)
      const { submissions } = await store.recoverAbandoned(clock())
      if (submissions > 0) log.warn({ submissions }, 'uploads of a process that died are unconfirmed now')
      const port = await server.listen(config.host, config.port)
      if (config.port === 0) address.publicUrl = address.publicUrl.replace(/:0$/, `:${port}`)
      jobs.start()
      log.info({ url: address.publicUrl }, 'listening')
      return { url: address.publicUrl }
    },
    async stop() {
      const deadline = AbortSignal.timeout(drainMs)
      const closed = server.close(drainMs)
      board.close()
      await closed
      // What they wait for outside is broken off, and done after the next start.
      await Promise.all([lookup.close(), sender.close()])
      await jobs.stop()
      await refusedLog.close()
      // Callers may be gone while ImageKit's answers to them are still awaited; those have to reach the store.
      await imagekit.close(deadline)
      await gate.settled()
      await backlog.close()
      await store.close()
      log.info('stopped')
    },
  }
}
