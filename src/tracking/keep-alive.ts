import type { Store, StoreLifecycle } from '../store/store.ts'
import type { ServerClock } from './server-clock.ts'
import type { UpkeepLease } from './upkeep-lease.ts'

type KeepAliveDeps = {
  store: Pick<Store, 'heartbeat' | 'recoverAbandoned' | 'acquireLease'> &
    Pick<StoreLifecycle, 'isShared' | 'readServerTime'>
  lease: Pick<UpkeepLease, 'renew'>
  serverClock: ServerClock
  log: { warn(fields: object, text: string): void }
}

/** A process that has written no heartbeat for this long has ended. Three are missed, so a slow one is not taken for dead. */
const SILENT_MS = 30_000

/** Synchronizes the clock. Records that this process is alive, and recovers what ended ones left unfinished. Takes or renews the lease. */
export async function keepAlive({ store, lease, serverClock, log }: KeepAliveDeps): Promise<void> {
  await serverClock.synchronize(store)
  const now = serverClock.now()
  await store.heartbeat(now)
  const { submissions } = await store.recoverAbandoned(now, now - SILENT_MS)
  if (submissions > 0)
    log.warn({ submissions }, 'marked in-flight uploads of an ended process as unconfirmed')
  await lease.renew(store)
}
