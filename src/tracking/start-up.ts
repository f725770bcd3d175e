import type { ClockTrust } from '../domain/due-time.ts'
import type { Store, StoreHandle } from '../store/store.ts'
import type { CapabilityTokens } from './capability-tokens.ts'
import { type HeartbeatSeries, keepAlive, recoverAbandoned } from './heartbeats.ts'
import type { MaintenanceLease } from './maintenance-lease.ts'
import { removeLeftoverBackups } from './operators/back-up.ts'
import type { EndedSessions } from './operators/ended-sessions.ts'
import type { ServerClock } from './server-clock.ts'
import type { IdempotencyClock } from './uploads/idempotency-clock.ts'

type StartUpDeps = {
  store: StoreHandle
  heartbeatSeries: HeartbeatSeries
  serverClock: ServerClock
  clock: () => number
  idempotencyClock: IdempotencyClock
  lease: MaintenanceLease
  tokens: CapabilityTokens
  endedSessions: EndedSessions
  /** As in `BackUpDeps`. */
  backupPrefix: string | null
  log: {
    warn(fields: object, text: string): void
    error(fields: object, text: string): void
  }
}

/**
 * Prepares a database that this process has just opened, before the service uses it. Returns how far the clock can
 * be trusted; null if nothing is recorded yet.
 */
export async function startUp(deps: StartUpDeps): Promise<ClockTrust | null> {
  const { store, clock, idempotencyClock, lease, endedSessions, backupPrefix, log } = deps
  // Only the process that has the database file open creates backups, so none of the leftover ones is in use.
  if (backupPrefix !== null)
    await removeLeftoverBackups(backupPrefix).catch((err: unknown) =>
      log.warn({ event: 'backup_cleanup.failed', err }, 'leftover backups could not be removed'),
    )
  await keepAlive(deps)
  await recoverAbandoned(deps)
  await checkTokenSecret(deps)
  // Another process may have locked the row of the lease for a while. The next heartbeat tries again.
  await lease
    .renew(store)
    .catch((err: unknown) =>
      log.warn({ event: 'lease_renewal.failed', err }, 'the lease could not be acquired'),
    )
  const clockTrust = await store.findClockTrust()
  if (store.isShared) idempotencyClock.follow(clock)
  else idempotencyClock.continueFrom(await store.findNewestKeyClaimAt())
  await endedSessions.load(store)
  return clockTrust
}

type CheckDeps = {
  store: Pick<Store, 'findTokenCheckValue' | 'saveTokenCheckValue'>
  tokens: Pick<CapabilityTokens, 'checkValue' | 'hasCheckValue'>
  log: { error(fields: object, text: string): void }
}

/** Logs an error if no token secret verifies the newest webhook URLs of this database. Records which secret signs from now on. */
async function checkTokenSecret({ store, tokens, log }: CheckDeps): Promise<void> {
  const recorded = await store.findTokenCheckValue()
  if (recorded === tokens.checkValue) return
  if (recorded !== null && !tokens.hasCheckValue(recorded))
    log.error(
      { event: 'token_secret.mismatched' },
      'TRACKER_TOKEN_SECRET lacks the secret that signed the newest webhook URLs of this database, so their webhooks are rejected. ' +
        'Add that secret after a comma',
    )
  await store.saveTokenCheckValue(tokens.checkValue)
}
