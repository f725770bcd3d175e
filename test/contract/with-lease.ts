import type { Lease } from '../../src/domain/decide/lease.ts'
import type { Store } from '../../src/store/store.ts'

type LeasedMethod =
  | 'sweepOverdue'
  | 'foldCounters'
  | 'deleteExpiredKeys'
  | 'pruneBodies'
  | 'deleteOldSubmissions'
  | 'saveAlerts'
  | 'recordAlertReported'
  | 'saveClockTrust'

export type LeasedStore = Pick<Store, 'acquireLease' | LeasedMethod>

const leases = new WeakMap<LeasedStore, Lease>()

/** Acquires the lease for longer than any test lasts, unless this handle already has it. */
export async function ensureLease(store: LeasedStore): Promise<Lease> {
  const known = leases.get(store)
  if (known !== undefined) return known
  const lease = await store.acquireLease(1_000, 1_000_000_000)
  if (lease === null) throw new Error('another process has the lease')
  leases.set(store, lease)
  return lease
}

/** Releases the lease, as a process does before it ends. */
export async function releaseHeldLease(store: LeasedStore & Pick<Store, 'releaseLease'>): Promise<void> {
  const lease = leases.get(store)
  if (lease !== undefined) await store.releaseLease(lease)
}

/**
 * The methods that require the lease, except `releaseLease`, without their lease parameter. Each acquires the lease first unless this
 * handle already has it, and throws if the lease was lost.
 */
export function withLease(store: LeasedStore) {
  const runWithLease = async <T>(work: (lease: Lease) => Promise<T | null>): Promise<T> => {
    const known = leases.get(store)
    const result = await (known === undefined ? ensureLease(store).then(work) : work(known))
    if (result === null) throw new Error('the lease was lost')
    return result
  }
  return {
    sweepOverdue: (now: number, overdueAfterMs: number) =>
      runWithLease((lease) => store.sweepOverdue(lease, now, overdueAfterMs)),
    foldCounters: () => runWithLease((lease) => store.foldCounters(lease)),
    deleteExpiredKeys: (now: number) => runWithLease((lease) => store.deleteExpiredKeys(lease, now)),
    pruneBodies: (receivedBefore: number, limit: number, after: number | null) =>
      runWithLease((lease) => store.pruneBodies(lease, receivedBefore, limit, after)),
    deleteOldSubmissions: (
      now: number,
      createdBefore: number,
      after: Parameters<Store['deleteOldSubmissions']>[3],
    ) => runWithLease((lease) => store.deleteOldSubmissions(lease, now, createdBefore, after)),
    saveAlerts: (alerts: Parameters<Store['saveAlerts']>[1]) =>
      runWithLease((lease) => store.saveAlerts(lease, alerts)),
    recordAlertReported: (alert: Parameters<Store['recordAlertReported']>[1]) =>
      runWithLease((lease) => store.recordAlertReported(lease, alert)),
    saveClockTrust: (trust: Parameters<Store['saveClockTrust']>[1]) =>
      runWithLease((lease) => store.saveClockTrust(lease, trust)),
  }
}
