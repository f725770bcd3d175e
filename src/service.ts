import { dirname, join } from 'node:path'
import type { Hono } from 'hono'
import { type Logger, pino } from 'pino'
import { v7 } from 'uuid'
import { createAdminPages } from './admin/admin-pages.tsx'
import type { Config } from './config.ts'
import { TrackerError } from './domain/errors.ts'
import { createApp } from './http/app.ts'
import type { AppEnv } from './http/app-env.ts'
import { BODY_IDLE_MS, type BodyLimits, UPLOAD_PACE } from './http/body-chunks.ts'
import { createErrorAnswers } from './http/error-answers.ts'
import { healthRoutes } from './http/health-routes.ts'
import { deliveryRoutes } from './http/operators/delivery-routes.ts'
import { doctorRoutes } from './http/operators/doctor-routes.ts'
import { overviewRoutes } from './http/operators/overview-routes.ts'
import { runRoutes } from './http/operators/run-routes.ts'
import { upkeepRoutes } from './http/operators/upkeep-routes.ts'
import { createBodyReaders, WHOLE_BODY_MS } from './http/read-body.ts'
import { parseJson } from './http/read-json.ts'
import { CONNECTION_LIMITS, type ConnectionLimits, createHttpServer } from './http/server.ts'
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
import { createNotifier } from './jobs/notifier.ts'
import { createOpener } from './jobs/opener.ts'
import { createPruner } from './jobs/pruner.ts'
import { createReconciler } from './jobs/reconciler.ts'
import { createRetrier } from './jobs/retrier.ts'
import { createNotificationSender } from './notify/send-notification.ts'
import { examiningOf } from './service-examining.ts'
import { createOpeningStore } from './store/opening-store.ts'
import { hasDatabase, openSqliteStore } from './store/sqlite/open-sqlite-store.ts'
import type { Store } from './store/store.ts'
import { keepTokenSecret } from './token-secret.ts'
import { createAccess } from './tracking/access.ts'
import { createAnswerBacklog } from './tracking/answer-backlog.ts'
import { createCapabilityTokens } from './tracking/capability-tokens.ts'
import { createFirstReceipts } from './tracking/first-receipts.ts'
import { createTurns } from './tracking/in-turn.ts'
import { createLinks, readWebhookToken } from './tracking/links.ts'
import { createReadiness } from './tracking/readiness.ts'
import { createRefusedLog } from './tracking/refused-log.ts'
import { createSignatureCheck } from './tracking/signature-check.ts'
import { createStatusBoard } from './tracking/status-board.ts'
import { createUploadGate } from './tracking/upload-gate.ts'

export type Service = {
  app: Hono<AppEnv>
  /**
   * Opens the store, recovers what a dead process left, listens, and resolves with the address that is in force. A database
   * that is there and can't be opened is waited for, answering 503; rejects where there is none and none can be made.
   */
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
  /** How long the sender of an upload may send nothing, in milliseconds. */
  bodyIdleMs?: number
  uploadPace?: NonNullable<BodyLimits['pace']>
  /** How long any other body may take, in milliseconds. */
  wholeBodyMs?: number
  connectionLimits?: Partial<ConnectionLimits>
  drainMs?: number
  /** How often a database that can't be opened is tried again, in milliseconds. */
  reopenEveryMs?: number
}

const FORM_LIMITS = { maxFieldBytes: 1024 * 1024, maxParts: 100 }

/** The composition root: wires everything together. */
export function createService(config: Config, overrides: Overrides = {}): Service {
  const { clock = Date.now, logger: log = pino({ level: config.logLevel }), drainMs = 10_000 } = overrides
  const address = { publicUrl: config.publicUrl }
  const publicUrl = () => address.publicUrl
  const secretFile = join(dirname(config.database.path), 'token-secret')
  const tokens = createCapabilityTokens(config.tokenSecrets ?? [keepTokenSecret(secretFile)])
  const links = createLinks(publicUrl, tokens)
  const { store, tryOpen } = createOpeningStore(async () => {
    const opened = overrides.store ?? openSqliteStore({ path: config.database.path })
    try {
      const { submissions } = await opened.recoverAbandoned(clock())
      if (submissions > 0) log.warn({ submissions }, 'uploads of a process that died are unconfirmed now')
      return opened
    } catch (error) {
      await opened.close()
      throw error
    }
  })
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
  const lookup = createFileLookup({
    ...config.imagekit,
    timeoutMs: overrides.imagekitTimeoutMs ?? 30_000,
    clock,
  })
  const sender = createNotificationSender({ ...config.notifying, clock })
  const { overdueAfterMs, reconcileEveryMs, expireAfterMs, retentionMs } = config.upkeep
  const reconciling = {
    store,
    board,
    clock,
    imagekit: lookup,
    inTurn: createTurns(),
    successPayload,
    overdueAfterMs,
    everyMs: reconcileEveryMs,
    expireAfterMs,
  }
  const access = createAccess(config.apiKeys, config.adminKeys)
  const gate = createUploadGate(config.maxConcurrentUploads)
  const uploadLimits = {
    maxBytes: config.maxUploadBytes,
    idleMs: overrides.bodyIdleMs ?? BODY_IDLE_MS,
    pace: overrides.uploadPace ?? UPLOAD_PACE,
  }
  const bodies = createBodyReaders(overrides.wholeBodyMs ?? WHOLE_BODY_MS)
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
    overdueAfterMs,
    readBody: bodies.proven,
    newId: v7,
    errorBody,
    log,
  }
  const retrier = createRetrier(shared)
  const jobs = [
    createReconciler({ ...reconciling, log }),
    createNotifier({ store, sender, clock, random: Math.random, log }),
    createPruner({ store, clock, retentionMs, log }),
    retrier,
  ]
  const startJobs = (): void => {
    for (const job of jobs) job.start()
  }
  const opener = createOpener({
    open: tryOpen,
    onOpen: startJobs,
    everyMs: overrides.reopenEveryMs ?? 2000,
    log,
  })
  const receiving = {
    ...shared,
    bodies,
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
  const readiness = createReadiness({ store, backlog })
  const instanceId = v7()
  const examining = examiningOf(config, { instanceId, tokenSecretFile: secretFile })
  const errorAnswers = createErrorAnswers(publicUrl, (err, requestId) =>
    log.error({ err, requestId }, 'a request failed'),
  )
  const operating = { ...receiving, wake: () => retrier.wake() }
  const pages = createAdminPages({ ...operating, config, publicUrl, tell: errorAnswers.tell })
  const app = createApp({
    errorAnswers,
    pages,
    loopbackOnly: config.loopbackOnly,
    groups: [
      uploadRoutes({ ...shared, uploadLimits }),
      submissionRoutes(shared),
      webhookRoutes(receiving),
      runRoutes(operating),
      deliveryRoutes(receiving),
      overviewRoutes(shared),
      statusRoutes({ board, access, statusTokens: tokens.status }),
      // After the routes of statuses: `/assets/status` is no asset.
      upkeepRoutes({ ...shared, reconciling, backupFolder: dirname(config.database.path) }),
      doctorRoutes({ ...shared, ...examining, readiness, publicUrl }),
      pages.routes,
      healthRoutes({ readiness, instanceId }),
    ],
  })
  const server = createHttpServer(app, errorAnswers.unreadable, {
    ...CONNECTION_LIMITS,
    ...overrides.connectionLimits,
  })

  return {
    app,
    async start() {
      for (const warning of config.warnings) log.warn(warning)
      const mayWait = hasDatabase(config.database.path)
      const isOpen = await tryOpen().then(
        () => true,
        (error: unknown) => {
          if (mayWait && error instanceof TrackerError && error.code === 'store_unavailable') return false
          throw error
        },
      )
      const port = await server.listen(config.host, config.port)
      if (config.port === 0) address.publicUrl = address.publicUrl.replace(/:0$/, `:${port}`)
      if (isOpen) startJobs()
      else opener.start()
      log.info({ url: address.publicUrl }, 'listening')
      return { url: address.publicUrl }
    },
    async stop() {
      const deadline = AbortSignal.timeout(drainMs)
      const closed = server.close(drainMs)
      board.close()
      await closed
      await opener.stop()
      // What they wait for outside is broken off, and done after the next start.
      await Promise.all([lookup.close(), sender.close()])
      await Promise.all(jobs.map((job) => job.stop()))
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
