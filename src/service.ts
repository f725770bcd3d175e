import { once } from 'node:events'
import { basename, dirname, join } from 'node:path'
import type { Hono } from 'hono'
import { v7 } from 'uuid'
import type { Config } from './config.ts'
import type { ClockTrust } from './domain/due-time.ts'
import { TrackerError } from './domain/errors.ts'
import type { AppEnv } from './http/app-env.ts'
import { createErrorAnswers } from './http/error-answers.ts'
import { createOverloadLog } from './http/overload-log.ts'
import { declaredJson } from './http/read-json.ts'
import { createHttpServer } from './http/server.ts'
import { createTickBatcher } from './http/tick-batcher.ts'
import { errorBody } from './imagekit/error-body.ts'
import { successPayload } from './imagekit/success-payload.ts'
import { createJobs } from './jobs/jobs.ts'
import { createOpener } from './jobs/opener.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics/prometheus.ts'
import { readPackageVersion } from './package-version.ts'
import { createClients } from './service-clients.ts'
import { examiningOf } from './service-examining.ts'
import { limitsOf } from './service-limits.ts'
import type { Overrides } from './service-overrides.ts'
import { readFileId, receivingOf } from './service-receiving.ts'
import { createServiceApp } from './service-routes.ts'
import { checkDatabaseAddress, isWorthWaitingFor, openStore } from './store/open-store.ts'
import { createOpeningStore } from './store/opening-store.ts'
import { DatabaseStartError } from './store/store-errors.ts'
import { keepTokenSecret } from './token-secret.ts'
import { createAccess } from './tracking/access.ts'
import { createCapabilityTokens } from './tracking/capability-tokens.ts'
import { checkTokenSecret } from './tracking/check-token-secret.ts'
import { createClaimClock } from './tracking/claim-clock.ts'
import { createHeartbeatSeries } from './tracking/heartbeat-series.ts'
import { keepAlive } from './tracking/keep-alive.ts'
import { createKeyRejections } from './tracking/key-rejections.ts'
import { createLinks } from './tracking/links.ts'
import { createMutex } from './tracking/mutex.ts'
import { removeLeftoverBackups } from './tracking/operators/back-up.ts'
import { createEndedSessions } from './tracking/operators/ended-sessions.ts'
import { createReadiness } from './tracking/readiness.ts'
import { recoverAbandoned } from './tracking/recover-abandoned.ts'
import { createRefusedTargets } from './tracking/refused-targets.ts'
import { createRejectionLog } from './tracking/rejection-log.ts'
import { createServerClock } from './tracking/server-clock.ts'
import { createStatusBoard } from './tracking/status-board.ts'
import { startSystemTimer } from './tracking/status-timer.ts'
import { createStoreOutage } from './tracking/store-outage.ts'
import { createSubmissionBoard } from './tracking/submission-board.ts'
import { createSuccessLog } from './tracking/success-log.ts'
import { createUpkeepLease } from './tracking/upkeep-lease.ts'
import { createUploadGate } from './tracking/upload-gate.ts'
import { createWaitingLimit } from './tracking/waiting-limit.ts'
import { createWriteRetryQueue } from './tracking/write-retry-queue.ts'

export type Service = {
  app: Hono<AppEnv>
  /**
   * Opens the store, recovers what a dead process left, listens, and resolves with the address that is in force. A database
   * that can't be used at the moment is waited for, answering 503. Rejects if waiting does not help: there is no file and none
   * can be made, or the server rejects the password.
   */
  start(): Promise<{ url: string }>
  /** Lets what is under way finish for 10 seconds, then closes the store. */
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
  // First: the token secret is kept beside the database.
  if (!overrides.store) checkDatabaseAddress(config.database)
  const keptSecrets = () => (files === null ? [] : [keepSecret(files.tokenSecret)])
  const tokens = createCapabilityTokens(config.tokenSecrets ?? keptSecrets())
  const links = createLinks(publicUrl, tokens)
  const arrivals = createTickBatcher()
  const { store, tryOpen } = createOpeningStore(async () => {
    const opened =
      overrides.store ??
      (await openStore(config.database, {
        hasPending: () => arrivals.isAwaited(),
        onOpen: (database) => log.info(database, 'database opened'),
      }))
    opened.watchCommits((commit) => {
      noteCommit(commit)
      jobs.noteCommit(commit)
      for (const fileId of commit.fileIds) board.invalidate(fileId)
      for (const submissionId of commit.submissionIds) submissionBoard.invalidate(submissionId)
      if (commit.isAcknowledged) return
      board.invalidateAll()
      submissionBoard.invalidateAll()
    })
    opened.watchOtherCommits((changed) => {
      if (changed === 'unknown') {
        board.refresh()
        submissionBoard.refresh()
        return
      }
      for (const fileId of changed.fileIds) board.invalidate(fileId)
      for (const submissionId of changed.submissionIds) submissionBoard.invalidate(submissionId)
    })
    try {
      // Only the process that holds the file makes them, so none of these is in use.
      if (files !== null)
        await removeLeftoverBackups(files.backupPrefix).catch((err: unknown) =>
          log.warn({ err }, 'leftover backups could not be removed'),
        )
      await keepAlive({ store: opened, heartbeatSeries, serverClock })
      await recoverAbandoned({ store: opened, heartbeatSeries, clock, log })
      await checkTokenSecret({ store: opened, tokens, log })
      // Another process may keep it locked for a while. The heartbeat tries again soon.
      await lease.renew(opened).catch((err: unknown) => log.warn({ err }, 'the lease could not be taken'))
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
  const onLoadError = (err: unknown, id: string) => log.error({ err, id }, 'a status could not be read')
  const boardOptions = { onLoadError, isShared: () => store.isShared }
  const board = createStatusBoard({ store }, boardOptions)
  const submissionBoard = createSubmissionBoard({ store, links }, boardOptions)
  const backlog = createWriteRetryQueue({ log })
  const refusedLog = createRejectionLog({ store, readFileId, log })
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
  const gate = createUploadGate(config.maxConcurrentUploads)
  const { uploadLimits, bodies, connectionLimits, waitingLimits } = limitsOf(config, overrides)
  const noteExceeded = createOverloadLog(log, startSystemTimer)
  const shared = {
    store,
    heartbeatSeries,
    lease,
    board,
    submissionBoard,
    backlog,
    imagekit,
    links,
    tokens,
    access,
    gate,
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
    refusedTargets: createRefusedTargets({ clock }),
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
  const opener = createOpener({
    open: tryOpen,
    onOpen: () => jobs.start(),
    everyMs: overrides.reopenEveryMs ?? 2000,
    log,
  })
  const successLog = createSuccessLog({ clock, log })
  const receiving = {
    ...shared,
    bodies,
    arrivals,
    successLog,
    refusedLog,
    ...receivingOf(config, tokens),
  }
  const instanceId = v7()
  const errorAnswers = createErrorAnswers(publicUrl, (err, requestId) =>
    log.error({ err, requestId }, 'a request failed'),
  )
  const { app, direct } = createServiceApp({
    ...receiving,
    ...examiningOf(config, { instanceId, files }),
    config,
    errorAnswers,
    metrics,
    readiness: createReadiness({ store, backlog, outage }),
    reconciling,
    wake: jobs.wakeRetrier,
    backupPrefix: files?.backupPrefix ?? null,
    publicUrl,
    waitingLimit: createWaitingLimit(waitingLimits, noteExceeded),
    uploadLimits,
    instanceId,
  })
  const server = createHttpServer(app, { direct, errorAnswers, noteExceeded }, connectionLimits)

  return {
    app,
    async start() {
      for (const warning of config.warnings) log.warn(warning)
      const mayWait = isWorthWaitingFor(config.database)
      const isOpen = await tryOpen().then(
        () => true,
        (error: unknown) => {
          outage.note(false)
          if (mayWait && error instanceof TrackerError && error.code === 'store_unavailable') return false
          throw error
        },
      )
      const port = await server.listen(config.host, config.port)
      if (config.port === 0) address.publicUrl = address.publicUrl.replace(/:0$/, `:${port}`)
      if (isOpen) jobs.start()
      else opener.start()
      log.info({ url: address.publicUrl }, 'listening')
      return { url: address.publicUrl }
    },
    async stop() {
      const timeUp = once(AbortSignal.timeout(drainMs), 'abort')
      const closed = server.close(drainMs)
      board.close()
      submissionBoard.close()
      await closed
      await opener.stop()
      // What they wait for outside is broken off, and done after the next start.
      await Promise.all([lookup.close(), sender.close()])
      // The retrier and callers that have gone may still wait for ImageKit's answers, which have to reach the store.
      const answered = Promise.all([jobs.stop(), gate.settled()])
      await Promise.race([answered, timeUp])
      await imagekit.close()
      await answered
      await refusedLog.close()
      await backlog.close()
      await lease.release(store).catch((err: unknown) => log.warn({ err }, 'the lease could not be released'))
      await store.close()
      successLog.flush()
      log.info('stopped')
    },
  }
}

/** What the service keeps beside a database that is a file. */
function filesBeside(path: string) {
  const folder = dirname(path)
  return {
    database: path,
    tokenSecret: join(folder, 'token-secret'),
    backupPrefix: join(folder, `.${basename(path)}-backup-`),
  }
}

function keepSecret(secretFile: string): string {
  try {
    return keepTokenSecret(secretFile)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DatabaseStartError(
      `DATABASE_URL: the token secret cannot be kept beside the database, in ${secretFile}: ${reason}. ` +
        'Use a database in a folder that can be written to, or set TRACKER_TOKEN_SECRET.',
    )
  }
}
