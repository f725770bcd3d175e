import type { Lease } from '../domain/decide/lease.ts'
import type { Store } from '../store/store.ts'

/**
 * The lease is renewed with each heartbeat, every 10 seconds; after a failure, 2 seconds later. So one renewal may fail. If the holder
 * ends, another process acquires the lease with a heartbeat of its own, within 30 seconds of the last renewal.
 */
const TTL_MS = 20_000

/** The lease for the work that only one process may do at a time, such as deleting old rows and sending alerts. */
export type MaintenanceLease = {
  /** The lease, as of the last renewal: it may have been lost since. Null if this process did not get it. */
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
