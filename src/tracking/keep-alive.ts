import type { Store } from '../store/store.ts'
import type { UpkeepLease } from './upkeep-lease.ts'

type KeepAliveDeps = {
  store: Pick<Store, 'heartbeat' | 'recoverAbandoned' | 'acquireLease'>
  lease: Pick<UpkeepLease, 'renew'>
  clock: () => number
  log: { warn(fields: object, text: string): void }
}

/** A process that has written no heartbeat for this long has ended. Three are missed, so a slow one is not taken for dead. */
const SILENT_MS = 30_000

/** Records that this process is alive, and recovers what ended ones left unfinished. Takes or renews the lease. */
export async function keepAlive({ store, lease, clock, log }: KeepAliveDeps): Promise<void> {
  const now = clock()
  await store.heartbeat(now)
  const { submissions } = await store.recoverAbandoned(now, now - SILENT_MS)
  if (submissions > 0)
    log.warn({ submissions }, 'marked in-flight uploads of an ended process as unconfirmed')
  await lease.renew(store)
}
