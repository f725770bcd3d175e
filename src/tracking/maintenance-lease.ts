import type { Lease } from '../domain/decide/lease.ts'
import type { Store } from '../store/store.ts'

/** One renewal may fail. Including the time to its next heartbeat, another process takes over within 30 seconds. */
const TTL_MS = 20_000

/** The lease of the process that does the work that only one process may do. */
export type MaintenanceLease = {
  /** Null if this process does not have it. */
  current(): Lease | null
  /** Acquires or renews the lease. Call it again well before 20 seconds have passed. */
  renew(store: Pick<Store, 'acquireLease'>): Promise<void>
  release(store: Pick<Store, 'releaseLease'>): Promise<void>
}

/** If `renew` rejects, the previous lease is kept: the store checks it with each write. */
export function createMaintenanceLease({ clock }: { clock: () => number }): MaintenanceLease {
  let lease: Lease | null = null
  return {
    current: () => lease,
    async renew(store) {
      lease = await store.acquireLease(clock(), TTL_MS)
    },
    async release(store) {
      const current = lease
      lease = null
      if (current !== null) await store.releaseLease(current)
    },
  }
}
