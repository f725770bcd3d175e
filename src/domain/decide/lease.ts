import { latestDueAt } from '../due-time.ts'
import type { Lease } from '../lease.ts'
import type { Key, Step } from './step.ts'
import type { LeaseRow } from './tables.ts'

/** The one lease that there is. */
export const UPKEEP_LEASE = 'upkeep'

const KEY: Key = ['leases', UPKEEP_LEASE]

/**
 * Takes the lease for `ttlMs` if nobody has it or its time is over, with the next epoch, or extends our own. Null if another
 * process has it. One that ends later than any could now was taken while the clock was ahead, and is over.
 */
export function acquireLease(at: number, ttlMs: number): Step<Lease | null> {
  return {
    keys: [KEY],
    decide(facts) {
      const row = facts.find('leases', UPKEEP_LEASE)
      const isOver = row === undefined || row.endsAt <= at || row.endsAt > latestDueAt(at, ttlMs)
      if (!isOver && !row.isOurs) return { result: null, changes: {} }
      const epoch = row?.isOurs ? row.epoch : (row?.epoch ?? 0) + 1
      const leases: LeaseRow[] = [{ name: UPKEEP_LEASE, isOurs: true, epoch, endsAt: at + ttlMs }]
      const changes = row === undefined ? { insert: { leases } } : { update: { leases } }
      return { result: { epoch }, changes }
    },
  }
}

/** Gives the lease back, so that another process can take it at once. */
export function releaseLease(lease: Lease): Step<void> {
  return {
    keys: [KEY],
    decide(facts) {
      const row = facts.find('leases', UPKEEP_LEASE)
      const leases = row && holdsLease(row, lease) ? [{ ...row, isOurs: false, endsAt: 0 }] : []
      return { result: undefined, changes: { update: { leases } } }
    },
  }
}

/** Its end is not compared: while nobody else has taken the lease, nobody else has done its work. */
export function holdsLease(row: LeaseRow | undefined, { epoch }: Lease): boolean {
  return row?.isOurs === true && row.epoch === epoch
}

/** The step, if the lease is still held when it is decided; else nothing changes, and the result is null. */
export function underLease<T>(lease: Lease, step: Step<T>): Step<T | null> {
  return {
    ...step,
    keys: [KEY, ...step.keys],
    decide(facts, ids) {
      const isHeld = holdsLease(facts.find('leases', UPKEEP_LEASE), lease)
      return isHeld ? step.decide(facts, ids) : { result: null, changes: {} }
    },
  }
}
