import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { basename, dirname, join } from 'node:path'
import { v7 } from 'uuid'
import { createAdminPages } from './admin/admin-pages.tsx'
import type { Config } from './config.ts'
import { readDescriptorLimit } from './descriptor-limit.ts'
import { namedFile } from './domain/account-event.ts'
import { describeDatabaseAddress } from './domain/database-address.ts'
import type { ClockTrust } from './domain/due-time.ts'
import { DatabaseStartError, errorMessage, TrackerError } from './domain/errors.ts'
import { createMutex } from './domain/mutex.ts'
import { createApp } from './http/app.ts'
import { BODY_IDLE_MS, type BodyLimits, UPLOAD_PACE } from './http/body-chunks.ts'
import { buildCallerResponse } from './http/caller-response.ts'
import { descriptionRoutes } from './http/description-routes.ts'
import { createEmbeddedHandler } from './http/embedded-handler.ts'
import { createErrorResponses } from './http/error-responses.ts'
import { createFastPaths } from './http/fast-paths.ts'
import { createFetchHandler, type FetchHandler } from './http/fetch-handler.ts'
import { healthRoutes, metricsRoutes } from './http/monitoring-routes.ts'
import { deliveryRoutes } from './http/operators/delivery-routes.ts'
import { doctorRoutes, maintenanceRoutes } from './http/operators/maintenance-routes.ts'
import { notificationRoutes } from './http/operators/notification-routes.ts'
import { overviewRoutes } from './http/operators/overview-routes.ts'
import { runRoutes } from './http/operators/run-routes.ts'
import { createOverloadLog } from './http/overload-log.ts'
import { forwardOperations, passthroughRoutes } from './http/passthrough-routes.ts'
import { createBodyReaders, WHOLE_BODY_MS } from './http/read-body.ts'
import { declaredJson, parseJson } from './http/read-json.ts'
import { createRequestHandler, type RequestHandler } from './http/request-handler.ts'
import { type Api, createRoutePattern, type DescribedOperation } from './http/route.ts'
import { CONNECTION_LIMITS, type ConnectionLimits, connectionsFor, createHttpServer } from './http/server.ts'
import { createStatusHandler } from './http/status-handler.ts'
import { createHeartbeats } from './http/status-heartbeats.ts'
import { statusRoutes } from './http/status-routes.ts'
import { submissionRoutes } from './http/submission-routes.ts'
import { createTickBatcher } from './http/tick-batcher.ts'
import { uploadAuthRoute } from './http/upload-auth-route.ts'
import { uploadRoutes } from './http/upload-routes.ts'
import { createWebhookHandler, webhookRoutes } from './http/webhook-handler.ts'
import { readAccountEvent } from './imagekit/account-event.ts'
import { createImagekitClient } from './imagekit/client.ts'
import { failurePayload, readExtensionResult, successPayload } from './imagekit/extension-webhook.ts'
import { createFileLookup } from './imagekit/file-lookup.ts'
import { createForwarder, readDeletedFileIds } from './imagekit/forwarder.ts'
import { keyVerdict, probePrivateKey, signUpload } from './imagekit/private-key.ts'
import { verifySignature } from './imagekit/webhook-signature.ts'
import { createDatabaseReopener } from './jobs/database-reopener.ts'
import { createJobs } from './jobs/jobs.ts'
import { createLog, type ServiceLogger } from './log.ts'
import { createMetrics } from './metrics/prometheus.ts'
import { createNotificationSender, type NotificationSender } from './notifications/send-notification.ts'
import { readPackageVersion } from './package-version.ts'
import { checkDatabaseAddress, isWorthWaitingFor, openStore } from './store/open-store.ts'
import { createOpeningStore } from './store/opening-store.ts'
import type { StoreHandle } from './store/store.ts'
import { loadOrCreateTokenSecret } from './token-secret.ts'
import { createTracing } from './tracing/tracing.ts'
import { createAccess } from './tracking/access.ts'
import { createCapabilityTokens } from './tracking/capability-tokens.ts'
import { createHeartbeatSeries } from './tracking/heartbeats.ts'
import { createKeyRejections } from './tracking/key-rejections.ts'
import { createLinks, readWebhookToken } from './tracking/links.ts'
import { createMaintenanceLease } from './tracking/maintenance-lease.ts'
import { createEndedSessions } from './tracking/operators/ended-sessions.ts'
import { createReadiness, createStoreOutage } from './tracking/readiness.ts'
import { createRejectedTargets } from './tracking/rejected-targets.ts'
import { createServerClock } from './tracking/server-clock.ts'
import { startUp } from './tracking/start-up.ts'
import { createStatusCache, startSystemTimer } from './tracking/status/status-cache.ts'
import { createSubmissionStatusCache } from './tracking/status/submission-status-cache.ts'
import { createWaitingLimit, type WaitingLimits } from './tracking/status/waiting-limit.ts'
import { createConcurrencyLimiter } from './tracking/uploads/concurrency-limiter.ts'
import { createIdempotencyClock } from './tracking/uploads/idempotency-clock.ts'
import { createSavedExtensionNames } from './tracking/uploads/saved-extension-names.ts'
import { createWriteRetryQueue } from './tracking/uploads/write-retry-queue.ts'
import { createArrivalTimes } from './tracking/webhooks/arrival-times.ts'
import { createRejectionLog } from './tracking/webhooks/rejection-log.ts'
import { createSignatureCheck } from './tracking/webhooks/signature-check.ts'
import { createSuccessLog } from './tracking/webhooks/success-log.ts'

export type Service = {
  /** Handles the requests of another program's server, for a service that is embedded in that program. */
  handler: RequestHandler
  /** The same for requests of the Fetch API. */
  fetch: FetchHandler
  /** Every operation of the API. */
  operations: readonly DescribedOperation[]
  /**
   * Opens the store, recovers the unfinished work of ended processes, and starts the jobs. If the database is unavailable, it
   * resolves anyway; then requests that need the database get a 503, and opening it is retried. Rejects if retrying does not help,
   * for example because another process has the file open or the server rejects the password.
   */
  open(): Promise<void>
  /** The same as `open`, but also listens with a server of its own. Resolves with the public URL. */
  start(): Promise<{ url: string }>
  /** Lets requests in progress finish for at most 10 seconds, then closes the store. */
  stop(): Promise<void>
}

/** What a test can replace. Times are in milliseconds. */
export type Overrides = {
  /** Replaces the time of this process, and that of the database. */
  clock?: () => number
  /** Replaces only the time of this process. */
  systemClock?: () => number
  /** A monotonic clock that measures how long the service has been running. */
  uptimeMs?: () => number
  store?: StoreHandle
  logger?: ServiceLogger
  /** How long ImageKit may send nothing before a request to it fails. */
  imagekitTimeoutMs?: number
  /** How long the sender of an upload may pause. */
  bodyIdleMs?: number
  /** The minimum rate at which an upload must arrive. */
  uploadPace?: NonNullable<BodyLimits['pace']>
  /** How long the body of a request other than an upload may take. */
  wholeBodyMs?: number
  /** How many files and connections the process may have open. */
  descriptors?: number
  connectionLimits?: Partial<ConnectionLimits>
  waitingLimits?: Partial<WaitingLimits>
  /** How often alerts are evaluated. */
  alertEveryMs?: number
  /** How long `stop` lets requests in progress finish. */
  drainMs?: number
  /** How often opening the database is retried. */
  reopenEveryMs?: number
}

/** The writes that requests wait for. */
const TRACED_WRITES = [
  'createSubmission',
  'applyResponse',
  'recordDelivery',
  'recordAccountDelivery',
  'claimIdempotencyKey',
] as const

const FORM_LIMITS = { maxFieldBytes: 1024 * 1024, maxParts: 100 }

/**
 * The composition root: wires everything together. Throws `DatabaseStartError` if there can be no SQLite file at the configured
 * path, or the token secret beside it can't be used.
 */
export function createService(config: Config, overrides: Overrides = {}): Service {
  const tracing = config.tracing && createTracing(config.tracing, { version: readPackageVersion() })
  const { logger: log = createLog(config.logLevel, tracing?.logFields), drainMs = 10_000 } = overrides
  const { apiKeys, adminKeys, loopbackOnly, alerting } = config
  const instanceId = v7()
  const address = { publicUrl: config.publicUrl }
  const publicUrl = () => address.publicUrl
  const basePath = new URL(config.publicUrl).pathname.replace(/\/$/, '')

  // Time
  const { systemClock = Date.now, uptimeMs = () => performance.now() } = overrides
  const serverClock = overrides.clock
    ? { now: overrides.clock, synchronize: async () => {} }
    : createServerClock({ clock: systemClock, uptimeMs })
  const clock = () => serverClock.now()
  const idempotencyClock = createIdempotencyClock({ clock, uptimeMs })
  let clockTrust: ClockTrust | null = null

  // Tokens and keys
  const files = config.database.kind === 'sqlite' ? filesBeside(config.database.path) : null
  // Checked first, because the token secret is stored beside the database.
  if (!overrides.store) checkDatabaseAddress(config.database)
  const storedSecrets = () => (files === null ? [] : [readOrCreateSecret(files.tokenSecret)])
  const tokens = createCapabilityTokens(config.tokenSecrets ?? storedSecrets())
  const links = createLinks(publicUrl, tokens)
  const access = createAccess(apiKeys, adminKeys)

  // The store, and what follows its commits
  const heartbeatSeries = createHeartbeatSeries()
  const lease = createMaintenanceLease({ clock })
  const incomingWebhooks = createTickBatcher()
  const backupPrefix = files?.backupPrefix ?? null
  const { store: openingStore, tryOpen } = createOpeningStore(async () => {
    const opened =
      overrides.store ??
      (await openStore(config.database, {
        hasPending: () => incomingWebhooks.hasPending(),
        onOpen: (database) => log.info({ event: 'database.opened', ...database }, 'database opened'),
      }))
    opened.watchCommits((commit) => {
      noteCommit(commit)
      jobs.noteCommit(commit)
      for (const fileId of commit.fileIds) statuses.invalidate(fileId)
      for (const submissionId of commit.submissionIds) submissionStatuses.invalidate(submissionId)
      if (commit.isAcknowledged) return
      // After the commit, the database file turned out to be faulty. So the callers got an error, and no cached status is certain.
      statuses.invalidateAll()
      submissionStatuses.invalidateAll()
    })
    opened.watchOtherCommits((changed) => {
      if (changed === 'unknown') {
        statuses.refresh()
        submissionStatuses.refresh()
        return
      }
      for (const fileId of changed.fileIds) statuses.invalidate(fileId)
      for (const submissionId of changed.submissionIds) submissionStatuses.invalidate(submissionId)
    })
    try {
      clockTrust = await startUp({ ...tracker, store: opened })
      return opened
    } catch (error) {
      await opened.close()
      throw error
    }
  })
  const store = tracing ? tracing.traceWrites(openingStore, TRACED_WRITES) : openingStore
  const endedSessions = createEndedSessions({ store, clock, uptimeMs })
  const outage = createStoreOutage({ clock })
  const { meter, noteCommit, ...metrics } = createMetrics({
    store,
    clock,
    unavailableSince: () => outage.since(),
    version: readPackageVersion(),
  })
  const onLoadError = (err: unknown, id: string) =>
    log.error({ event: 'status_read.failed', err, id }, 'a status could not be read')
  const cacheOptions = { onLoadError, isShared: () => store.isShared }
  const statuses = createStatusCache({ store }, cacheOptions)
  const submissionStatuses = createSubmissionStatusCache({ store, links }, cacheOptions)
  const writeRetries = createWriteRetryQueue({ log })
  const rejectionLog = createRejectionLog({ store, readFileId, log })

  // ImageKit, and the receivers of notifications
  const keyRejections = createKeyRejections({ clock, log })
  const { allowPrivateTargets } = config.notifications
  const toImagekit = tracing?.traceCalls({ name: 'imagekit', showsUrl: true })
  const imagekit = createImagekitClient({
    ...config.imagekit,
    formLimits: FORM_LIMITS,
    allowPrivateTargets,
    timeoutMs: overrides.imagekitTimeoutMs ?? 300_000,
    trace: toImagekit,
    onStatus: (call, status) => keyRejections.note(call, { verdict: keyVerdict(status), status }),
  })
  const lookup = createFileLookup({
    ...config.imagekit,
    trace: toImagekit,
    timeoutMs: overrides.imagekitTimeoutMs ?? 30_000,
    clock,
    onStatus: (status) => keyRejections.note('lookup', { verdict: keyVerdict(status), status }),
  })
  const forwarder = createForwarder({
    ...config.imagekit,
    timeoutMs: overrides.imagekitTimeoutMs ?? 60_000,
    trace: toImagekit,
  })
  const untracedSender = createNotificationSender({
    ...config.notifications,
    clock,
    trace: tracing?.traceCalls({ name: 'notification', showsUrl: false }),
  })
  const sender: NotificationSender = tracing
    ? {
        ...untracedSender,
        send: (notification) =>
          tracing.continueTrace(notification.traceparent, () => untracedSender.send(notification)),
      }
    : untracedSender

  // Limits
  const { maxConnections, waiting } = connectionsFor(overrides.descriptors ?? readDescriptorLimit())
  const limiter = createConcurrencyLimiter(config.maxConcurrentUploads)
  const bodies = createBodyReaders(overrides.wholeBodyMs ?? WHOLE_BODY_MS)
  const noteExceeded = createOverloadLog(log, startSystemTimer)
  const waitingLimits = { total: waiting, perToken: 20, perConnection: 4, ...overrides.waitingLimits }

  // Use cases
  const { secrets, requireOnExtensionWebhooks } = config.signatures
  const arrivalTimes = createArrivalTimes()
  const successLog = createSuccessLog({ clock, log })
  const tracker = {
    store,
    traceparent: () => tracing?.traceparent() ?? null,
    heartbeatSeries,
    lease,
    statuses,
    submissionStatuses,
    writeRetries,
    imagekit,
    forwarder,
    readDeletedFileIds,
    findFile: (fileId: string) => lookup.findFile(fileId),
    passthrough: config.passthrough,
    links,
    tokens,
    access,
    limiter,
    clock,
    serverClock,
    outage,
    idempotencyClock,
    endedSessions,
    meter,
    nameSavedExtensions: createSavedExtensionNames({ ...lookup, log }),
    newId: v7,
    newToken: randomUUID,
    signUpload: (parameters: { token: string; expire: number }) =>
      signUpload(config.imagekit.privateKey, parameters),
    buildCallerResponse,
    log,
    keyRejections,
    rejectedTargets: createRejectedTargets({ clock }),
    allowPrivateTargets,
    backupPrefix,
    publicUrl,
    instanceId,
    readiness: createReadiness({ store, writeRetries, outage }),
    waitingLimit: createWaitingLimit(waitingLimits, noteExceeded),
    startTimer: startSystemTimer,
    heartbeats: createHeartbeats(startSystemTimer),
    uploadLimits: {
      maxBytes: config.maxUploadBytes,
      idleMs: overrides.bodyIdleMs ?? BODY_IDLE_MS,
      pace: overrides.uploadPace ?? UPLOAD_PACE,
    },
    reconciling: {
      store,
      lease,
      clock,
      meter,
      imagekit: lookup,
      runExclusive: createMutex(),
      successPayload,
      overdueAfterMs: config.maintenance.overdueAfterMs,
      everyMs: config.maintenance.reconcileEveryMs,
      expireAfterMs: config.maintenance.expireAfterMs,
    },
    arrivalTimes,
    readToken: (token: string) => readWebhookToken(tokens, token),
    checkSignature: createSignatureCheck({ secrets, verify: verifySignature, arrivalTimes }),
    requireSignature: requireOnExtensionWebhooks,
    parseJson,
    readExtensionResult,
    readAccountEvent,
    bodies,
    incomingWebhooks,
    successLog,
    rejectionLog,
  }

  // Jobs
  const jobs = createJobs({
    ...tracker,
    sender,
    uptimeMs,
    clockTrust: () => clockTrust,
    retentionMs: config.maintenance.retentionMs,
    retentionRunsMs: config.maintenance.retentionRunsMs,
    alerting,
    alertEveryMs: overrides.alertEveryMs ?? 1000,
  })
  const reopener = createDatabaseReopener({
    open: tryOpen,
    onOpen: () => jobs.start(),
    everyMs: overrides.reopenEveryMs ?? 2000,
    log,
  })

  // Routes and pages
  const deps = {
    ...tracker,
    wake: jobs.wakeRetrier,
    wakeNotifier: jobs.wakeNotifier,
    successPayload,
    failurePayload,
    probePrivateKey: () => probePrivateKey(config.imagekit),
    setup: describeSetup(config, { instanceId, files }),
  }
  const errorResponses = createErrorResponses(publicUrl, (err, requestId) =>
    log.error({ event: 'request.failed', err, requestId }, 'a request failed'),
  )
  const pages = createAdminPages({ ...deps, config, describeError: errorResponses.describe })
  const app = createApp({ errorResponses, pages, loopbackOnly, basePath, passthrough: config.passthrough })
  const api: Api = {
    app,
    operations: [],
    access,
    tokens: { asset: tokens.status, submission: tokens.submission },
    readBody: loopbackOnly ? declaredJson(bodies.proven) : bodies.proven,
  }
  const handleStatus = createStatusHandler({ ...deps, subject: 'asset' })
  const handleWebhook = createWebhookHandler(deps)
  const forwarded = forwardOperations(api, deps)
  uploadRoutes(api, deps, forwarded)
  passthroughRoutes(api, forwarded)
  submissionRoutes(api, deps)
  uploadAuthRoute(api, deps)
  webhookRoutes(api, { handleWebhook })
  runRoutes(api, deps)
  deliveryRoutes(api, deps)
  notificationRoutes(api, deps)
  overviewRoutes(api, deps)
  statusRoutes(api, { ...deps, handleStatus })
  // After the status routes: in `/assets/status`, `status` is not a fileId.
  maintenanceRoutes(api, deps)
  doctorRoutes(api, deps)
  metricsRoutes(api, { metrics, isPublic: config.metricsPublic })
  healthRoutes(api, deps)
  descriptionRoutes(api, { publicUrl, version: readPackageVersion() })
  app.route('/', pages.routes)
  const fastPaths = createFastPaths({ ...api, handleStatus, handleWebhook, errorResponses, loopbackOnly })

  // The server
  const untraced = createRequestHandler(app, { fastPaths, errorResponses })
  const handler = tracing ? tracing.traceRequests(untraced, createRoutePattern(app)) : untraced
  const connectionLimits = { ...CONNECTION_LIMITS, maxConnections, ...overrides.connectionLimits }
  const server = createHttpServer(handler, { errorResponses, noteExceeded }, connectionLimits)
  const embedded = createEmbeddedHandler(handler, {
    errorResponses,
    basePath,
    loopbackOnly,
  })

  /** Resolves with whether the database is open; if not, opening it should be retried. */
  const openDatabase = async (): Promise<boolean> => {
    await tracing?.start(log)
    for (const warning of config.warnings) log.warn({ event: 'config.warned' }, warning)
    const mayRetry = isWorthWaitingFor(config.database)
    return tryOpen().then(
      () => true,
      (error: unknown) => {
        outage.note(false)
        if (mayRetry && error instanceof TrackerError && error.code === 'store_unavailable') return false
        throw error
      },
    )
  }
  const startJobs = (isOpen: boolean): void => {
    if (isOpen) jobs.start()
    else reopener.start()
  }

  let opening: Promise<boolean> | undefined

  return {
    handler: embedded.handler,
    fetch: createFetchHandler(embedded.handler),
    operations: api.operations,
    async open() {
      opening = openDatabase()
      startJobs(await opening)
    },
    async start() {
      const isOpen = await openDatabase()
      const port = await server.listen(config.host, config.port)
      // The jobs need the public URL.
      if (config.port === 0) address.publicUrl = address.publicUrl.replace(/:0$/, `:${port}`)
      startJobs(isOpen)
      log.info({ event: 'service.listening', url: address.publicUrl }, 'listening')
      return { url: address.publicUrl }
    },
    async stop() {
      const timeUp = once(AbortSignal.timeout(drainMs), 'abort')
      const closed = Promise.all([server.close(drainMs), embedded.close(timeUp)])
      statuses.close()
      submissionStatuses.close()
      await closed
      // Otherwise it would open the database and start the jobs after the stop.
      await opening?.catch(() => {})
      await reopener.stop()
      // This aborts lookups and notifications in progress, which are repeated later.
      await Promise.all([lookup.close(), sender.close()])
      // The retrier, and uploads whose callers have disconnected, may still wait for ImageKit's responses, which must be stored.
      const finished = Promise.all([jobs.stop(), limiter.settled()])
      await Promise.race([finished, timeUp])
      await Promise.all([imagekit.close(), forwarder.close()])
      await finished
      await rejectionLog.close()
      await writeRetries.close()
      await lease.release(store).catch((err: unknown) => {
        log.warn({ event: 'lease_release.failed', err }, 'the lease could not be released')
      })
      await store.close()
      successLog.flush()
      await tracing?.stop()
      log.info({ event: 'service.stopped' }, 'stopped')
    },
  }
}

/** The paths of a database file and of the token secret beside it, and the prefix of the paths of temporary backups. */
function filesBeside(path: string) {
  const folder = dirname(path)
  return {
    database: path,
    tokenSecret: join(folder, 'token-secret'),
    backupPrefix: join(folder, `.${basename(path)}-backup-`),
  }
}

function readOrCreateSecret(secretFile: string): string {
  try {
    return loadOrCreateTokenSecret(secretFile)
  } catch (error) {
    const reason = errorMessage(error)
    throw new DatabaseStartError(
      `DATABASE_URL: the token secret beside the database, ${secretFile}, cannot be created or read: ${reason}. ` +
        'Use a database in a writable folder, or set TRACKER_TOKEN_SECRET.',
    )
  }
}

/** What the diagnostics report about the configuration and this process. */
function describeSetup(
  config: Config,
  { instanceId, files }: { instanceId: string; files: ReturnType<typeof filesBeside> | null },
) {
  const { apiKeys, adminKeys, loopbackOnly, alerting } = config
  return {
    instanceId,
    version: readPackageVersion(),
    apiUrl: config.imagekit.apiUrl,
    database: describeDatabaseAddress(config.database),
    databaseFile: files?.database ?? null,
    tokenSecretFile: config.tokenSecrets === null && files ? files.tokenSecret : null,
    keys: { api: apiKeys.length, admin: adminKeys.length, isLoopbackOnly: loopbackOnly },
    expireAfterMs: config.maintenance.expireAfterMs,
    reconcileEveryMs: config.maintenance.reconcileEveryMs,
    alerts: {
      host: alerting && new URL(alerting.url).hostname,
      allowsPrivateTargets: config.notifications.allowPrivateTargets,
    },
    warnings: config.warnings,
  }
}

/** The id of the file that the body of an extension or account webhook names; null if it names none. */
function readFileId(body: Buffer): string | null {
  try {
    const payload = parseJson(body)
    return readExtensionResult(payload, body.length).fileId ?? namedFile(readAccountEvent(payload))
  } catch (error) {
    if (error instanceof TrackerError) return null
    throw error
  }
}
