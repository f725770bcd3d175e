import type { Store } from '../store/store.ts'
import {
  type KeepAliveDeps,
  keepAlive,
  type RecoverAbandonedDeps,
  recoverAbandoned,
} from '../tracking/heartbeats.ts'
import type { MaintenanceLease } from '../tracking/maintenance-lease.ts'
import type { StoreOutage } from '../tracking/readiness.ts'
import { type Repeated, repeat } from './repeat.ts'

export type HeartbeatDeps = KeepAliveDeps &
  RecoverAbandonedDeps & {
    store: Pick<Store, 'acquireLease'>
    lease: Pick<MaintenanceLease, 'renew'>
    outage: Pick<StoreOutage, 'note'>
    log: { error(fields: object, text: string): void }
  }

/** A process counts as ended after three missed heartbeats. A lease lasts for two intervals. */
const EVERY_MS = 10_000
const AFTER_FAILURE_MS = 2_000

/**
 * Records regularly that this process is alive, and synchronises its clock. Then recovers the unfinished work of ended processes,
 * and renews the maintenance lease.
 */
export function createHeartbeat(deps: HeartbeatDeps): Repeated {
  const { store, lease, outage, log } = deps
  /**
   * Returns whether the work succeeded. A failure is logged, but does not count as an outage of the store: the heartbeat has just
   * been written, so the cause may be a lock that another process holds.
   */
  const succeeds = async (work: Promise<void>, event: string, message: string): Promise<boolean> => {
    try {
      await work
      return true
    } catch (err) {
      log.warn({ event, err }, message)
      return false
    }
  }
  return repeat(
    async () => {
      await keepAlive(deps)
      outage.note(true)
      const isRecovered = await succeeds(
        recoverAbandoned(deps),
        'recovery.failed',
        'the unfinished work of ended processes could not be recovered',
      )
      const isRenewed = await succeeds(
        lease.renew(store),
        'lease_renewal.failed',
        'the maintenance lease could not be renewed',
      )
      return isRecovered && isRenewed ? EVERY_MS : AFTER_FAILURE_MS
    },
    {
      afterFailureMs: AFTER_FAILURE_MS,
      onError: (err) => {
        outage.note(false)
        log.error({ event: 'heartbeat.failed', err }, 'the heartbeat could not be written')
      },
    },
  )
}
