import { once } from 'node:events'
import { basename, dirname, join } from 'node:path'
import { v7 } from 'uuid'
import type { Config } from './config.ts'
import type { ClockTrust } from './domain/due-time.ts'
import { TrackerError } from './domain/errors.ts'
import { createMutex } from './domain/mutex.ts'
import { createErrorResponses } from './http/error-responses.ts'
import { createOverloadLog } from './http/overload-log.ts'
import { declaredJson } from './http/read-json.ts'
import type { RequestHandler } from './http/request-handler.ts'
import type { DescribedOperation } from './http/route.ts'
import { createHttpServer } from './http/server.ts'
import { createTickBatcher } from './http/tick-batcher.ts'
import { errorBody } from './imagekit/error-body.ts'
import { successPayload } from './imagekit/success-payload.ts'
import { createDatabaseReopener } from './jobs/database-reopener.ts'
import { createJobs } from './jobs/jobs.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics/prometheus.ts'
import { readPackageVersion } from './package-version.ts'
import { createClients } from './service-clients.ts'
import { diagnosticsOf } from './service-examining.ts'
import { limitsOf } from './service-limits.ts'
import type { Overrides } from './service-overrides.ts'
import { readFileId, receivingOf } from './service-receiving.ts'
import { createServiceHandler } from './service-routes.ts'
import { checkDatabaseAddress, isWorthWaitingFor, openStore } from './store/open-store.ts'
import { createOpeningStore } from './store/opening-store.ts'
import { DatabaseStartError } from './store/store-errors.ts'
import { loadOrCreateTokenSecret } from './token-secret.ts'
import { createAccess } from './tracking/access.ts'
import { createCapabilityTokens } from './tracking/capability-tokens.ts'
import { checkTokenSecret } from './tracking/check-token-secret.ts'
import { createClaimClock } from './tracking/claim-clock.ts'
import { createConcurrencyLimiter } from './tracking/concurrency-limiter.ts'
import { createHeartbeatSeries } from './tracking/heartbeat-series.ts'
import { keepAlive } from './tracking/keep-alive.ts'
import { createKeyRejections } from './tracking/key-rejections.ts'
import { createLinks } from './tracking/links.ts'
import { removeLeftoverBackups } from './tracking/operators/back-up.ts'
import { createEndedSessions } from './tracking/operators/ended-sessions.ts'
import { createReadiness } from './tracking/readiness.ts'
import { recoverAbandoned } from './tracking/recover-abandoned.ts'
import { createRejectedTargets } from './tracking/rejected-targets.ts'
import { createRejectionLog } from './tracking/rejection-log.ts'
import { createServerClock } from './tracking/server-clock.ts'
import { createStatusCache } from './tracking/status-cache.ts'
import { startSystemTimer } from './tracking/status-timer.ts'
import { createStoreOutage } from './tracking/store-outage.ts'
import { createSubmissionStatusCache } from './tracking/submission-status-cache.ts'
import { createSuccessLog } from './tracking/success-log.ts'
import { createUpkeepLease } from './tracking/upkeep-lease.ts'
import { createWaitingLimit } from './tracking/waiting-limit.ts'
import { createWriteRetryQueue } from './tracking/write-retry-queue.ts'

export type Service = {
  /** Responds to a request of Node's HTTP server. `start` makes it listen on a server of its own. */
  handler: RequestHandler
  /** Every operation of the API. */
  operations: readonly DescribedOperation[]
  /**
   * Opens the store, recovers the unfinished work of ended processes, listens, and resolves with the actual URL. While the
   * database is unavailable, it keeps retrying and responds with 503. Rejects if retrying does not help: the file can't be
   * created, or the server rejects the password.
   */
  start(): Promise<{ url: string }>
  /** Lets requests in progress finish for 10 seconds, then closes the store. */
  stop(): Promise<void>
}

/** The composition root: wires everything together. */
export function createService(config: Config, overrides: Overrides = {}): Service {
  const { logger: log = createLog(config.logLevel), drainMs = 10_000 } = overrides
  const { systemClock = Date.now, uptimeMs = () => performance.now() } = overrides
  const serverClock = overrides.clock
    ? { now: overrides.clock, synchronize: async () => {} }
    : createServerClock({ clock: systemClock, uptimeMs })
  const clock = () => serverClock.now()
  const heartbeatSeries = createHeartbeatSeries()
  const lease = createUpkeepLease({ clock })
  const claimClock = createClaimClock({ clock, uptimeMs })
  let clockTrust: ClockTrust | null = null
  const address = { publicUrl: config.publicUrl }
  const publicUrl = () => address.publicUrl
  const files = config.database.kind === 'sqlite' ? filesBeside(config.database.path) : null
  // First, because the token secret is stored beside the database.
  if (!overrides.store) checkDatabaseAddress(config.database)
  const storedSecrets = () => (files === null ? [] : [readOrCreateSecret(files.tokenSecret)])
  const tokens = createCapabilityTokens(config.tokenSecrets ?? storedSecrets())
  const links = createLinks(publicUrl, tokens)
  const incomingWebhooks = createTickBatcher()
  const { store, tryOpen } = createOpeningStore(async () => {
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
      // Only the process that has the file open creates backups, so none of these is in use.
      if (files !== null)
        await removeLeftoverBackups(files.backupPrefix).catch((err: unknown) =>
          log.warn({ event: 'backup_cleanup.failed', err }, 'leftover backups could not be removed'),
        )
      await keepAlive({ store: opened, heartbeatSeries, serverClock })
      await recoverAbandoned({ store: opened, heartbeatSeries, clock, log })
      await checkTokenSecret({ store: opened, tokens, log })
      // Another process may keep it locked for a while. The heartbeat soon tries again.
      await lease
        .renew(opened)
        .catch((err: unknown) =>
          log.warn({ event: 'lease_renewal.failed', err }, 'the lease could not be acquired'),
        )
      clockTrust = await opened.findClockTrust()
      if (opened.isShared) claimClock.follow(clock)
      else claimClock.continueFrom(await opened.findNewestClaimAt())
      await endedSessions.load(opened)
      return opened
    } catch (error) {
      await opened.close()
      throw error
    }
  })
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
  const keyRejections = createKeyRejections({ clock, log })
  const { imagekit, lookup, sender } = createClients(config, { ...overrides, clock, keyRejections })
  const { overdueAfterMs, reconcileEveryMs, expireAfterMs, retentionMs, retentionRunsMs } = config.upkeep
  const reconciling = {
    store,
    lease,
    clock,
    meter,
    imagekit: lookup,
    runExclusive: createMutex(),
    successPayload,
    overdueAfterMs,
    everyMs: reconcileEveryMs,
    expireAfterMs,
  }
  const access = createAccess(config.apiKeys, config.adminKeys)
  const limiter = createConcurrencyLimiter(config.maxConcurrentUploads)
  const { uploadLimits, bodies, connectionLimits, waitingLimits } = limitsOf(config, overrides)
  const noteExceeded = createOverloadLog(log, startSystemTimer)
  const shared = {
    store,
    heartbeatSeries,
    lease,
    statuses,
    submissionStatuses,
    writeRetries,
    imagekit,
    links,
    tokens,
    access,
    limiter,
    clock,
    serverClock,
    outage,
    claimClock,
    endedSessions,
    meter,
    readBody: config.loopbackOnly ? declaredJson(bodies.proven) : bodies.proven,
    newId: v7,
    errorBody,
    log,
    keyRejections,
    rejectedTargets: createRejectedTargets({ clock }),
    allowPrivateTargets: config.notifying.allowPrivateTargets,
  }
  const jobs = createJobs({
    ...shared,
    sender,
    reconciling,
    uptimeMs,
    clockTrust: () => clockTrust,
    retentionMs,
    retentionRunsMs,
    alerting: config.alerting,
    alertEveryMs: overrides.alertEveryMs ?? 1000,
  })
  const reopener = createDatabaseReopener({
    open: tryOpen,
    onOpen: () => jobs.start(),
    everyMs: overrides.reopenEveryMs ?? 2000,
    log,
  })
  const successLog = createSuccessLog({ clock, log })
  const receiving = {
    ...shared,
    bodies,
    incomingWebhooks,
    successLog,
    rejectionLog,
    ...receivingOf(config, tokens),
  }
  const instanceId = v7()
  const errorResponses = createErrorResponses(publicUrl, (err, requestId) =>
    log.error({ event: 'request.failed', err, requestId }, 'a request failed'),
  )
  const { handler, operations } = createServiceHandler({
    ...receiving,
    ...diagnosticsOf(config, { instanceId, files }),
    config,
    errorResponses,
    metrics,
    readiness: createReadiness({ store, writeRetries, outage }),
    reconciling,
    wake: jobs.wakeRetrier,
    backupPrefix: files?.backupPrefix ?? null,
    publicUrl,
    waitingLimit: createWaitingLimit(waitingLimits, noteExceeded),
    uploadLimits,
    instanceId,
  })
  const server = createHttpServer(handler, { errorResponses, noteExceeded }, connectionLimits)

  return {
    handler,
    operations,
    async start() {
      for (const warning of config.warnings) log.warn({ event: 'config.warned' }, warning)
      const mayRetry = isWorthWaitingFor(config.database)
      const isOpen = await tryOpen().then(
        () => true,
        (error: unknown) => {
          outage.note(false)
          if (mayRetry && error instanceof TrackerError && error.code === 'store_unavailable') return false
          throw error
        },
      )
      const port = await server.listen(config.host, config.port)
      if (config.port === 0) address.publicUrl = address.publicUrl.replace(/:0$/, `:${port}`)
      if (isOpen) jobs.start()
      else reopener.start()
      log.info({ event: 'service.listening', url: address.publicUrl }, 'listening')
      return { url: address.publicUrl }
    },
    async stop() {
      const timeUp = once(AbortSignal.timeout(drainMs), 'abort')
      const closed = server.close(drainMs)
      statuses.close()
      submissionStatuses.close()
      await closed
      await reopener.stop()
      // Aborts their requests; they are repeated after the next start.
      await Promise.all([lookup.close(), sender.close()])
      // The retrier, and uploads whose callers have disconnected, may still wait for ImageKit's responses, which must be stored.
      const finished = Promise.all([jobs.stop(), limiter.settled()])
      await Promise.race([finished, timeUp])
      await imagekit.close()
      await finished
      await rejectionLog.close()
      await writeRetries.close()
      await lease.release(store).catch((err: unknown) => {
        log.warn({ event: 'lease_release.failed', err }, 'the lease could not be released')
      })
      await store.close()
      successLog.flush()
      log.info({ event: 'service.stopped' }, 'stopped')
    },
  }
}

/** The files that the service stores beside a database that is a file. */
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
    const reason = error instanceof Error ? error.message : String(error)
    throw new DatabaseStartError(
      `DATABASE_URL: the token secret cannot be stored beside the database, in ${secretFile}: ${reason}. ` +
        'Use a database in a writable folder, or set TRACKER_TOKEN_SECRET.',
    )
  }
}
