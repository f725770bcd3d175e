import type { Store } from '../store/store.ts'
import { keepAlive } from '../tracking/keep-alive.ts'
import { recoverAbandoned } from '../tracking/recover-abandoned.ts'
import type { StoreOutage } from '../tracking/store-outage.ts'
import type { UpkeepLease } from '../tracking/upkeep-lease.ts'
import { type Repeated, repeat } from './repeat.ts'

type HeartbeatDeps = Parameters<typeof keepAlive>[0] &
  Parameters<typeof recoverAbandoned>[0] & {
    store: Pick<Store, 'acquireLease'>
    lease: Pick<UpkeepLease, 'renew'>
    outage: Pick<StoreOutage, 'note'>
    log: { error(fields: object, text: string): void }
  }

/** A third of the silence after which a process counts as ended. A lease lasts for two. */
const EVERY_MS = 10_000
const AFTER_FAILURE_MS = 2_000

/** Keeps other processes from taking this one for dead, and does for dead ones what they can't do any more. */
export function createHeartbeat(deps: HeartbeatDeps): Repeated {
  const { store, lease, outage, log } = deps
  /** The heartbeat shows that the store can be used. What fails after it may wait for the locks of others. */
  const succeeds = async (work: Promise<void>, failure: string): Promise<boolean> => {
    try {
      await work
      return true
    } catch (err) {
      log.warn({ err }, failure)
      return false
    }
  }
  return repeat(
    async () => {
      await keepAlive(deps)
      outage.note(true)
      const isRecovered = await succeeds(recoverAbandoned(deps), 'ended processes could not be recovered')
      const isRenewed = await succeeds(lease.renew(store), 'the lease could not be renewed')
      return isRecovered && isRenewed ? EVERY_MS : AFTER_FAILURE_MS
    },
    {
      afterFailureMs: AFTER_FAILURE_MS,
      onError: (err) => {
        outage.note(false)
        log.error({ err }, 'the heartbeat could not be written')
      },
    },
  )
}
