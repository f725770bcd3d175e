import { latestDueAt } from '../due-time.ts'
import type { LeaseRow } from './rows.ts'
import type { Key, Step } from './step.ts'

/** The name of the only lease. */
export const MAINTENANCE_LEASE = 'maintenance'

const KEY: Key = ['leases', MAINTENANCE_LEASE]

/**
 * Acquires the lease for `ttlMs` with the next epoch if it is free or has ended. Extends it with the same epoch if it is ours.
 * Returns null if another process has it. A lease that ends later than is possible now was acquired while the clock was ahead, and
 * counts as ended.
 */
export function acquireLease(at: number, ttlMs: number): Step<Lease | null> {
  return {
    keys: [KEY],
    decide(facts) {
      const row = facts.find('leases', MAINTENANCE_LEASE)
      const isOver = row === undefined || row.endsAt <= at || row.endsAt > latestDueAt(at, ttlMs)
      if (!isOver && !row.isOurs) return { result: null, changes: {} }
      const epoch = row?.isOurs ? row.epoch : (row?.epoch ?? 0) + 1
      const leases: LeaseRow[] = [{ name: MAINTENANCE_LEASE, isOurs: true, epoch, endsAt: at + ttlMs }]
      const changes = row === undefined ? { insert: { leases } } : { update: { leases } }
      return { result: { epoch }, changes }
    },
  }
}

/** Releases the lease, so that another process can acquire it at once. */
export function releaseLease(lease: Lease): Step<void> {
  return {
    keys: [KEY],
    decide(facts) {
      const row = facts.find('leases', MAINTENANCE_LEASE)
      const leases = row && holdsLease(row, lease) ? [{ ...row, isOurs: false, endsAt: 0 }] : []
      return { result: undefined, changes: { update: { leases } } }
    },
  }
}

/** Whether we have the lease, even if it has ended: until another process acquires it, no other process does the exclusive work. */
export function holdsLease(row: LeaseRow | undefined, { epoch }: Lease): boolean {
  return row?.isOurs === true && row.epoch === epoch
}

/** The step, if the lease is still ours when the step is decided; otherwise nothing changes and the result is null. */
export function underLease<T>(lease: Lease, step: Step<T>): Step<T | null> {
  return {
    ...step,
    keys: [KEY, ...step.keys],
    decide(facts, ids) {
      const isHeld = holdsLease(facts.find('leases', MAINTENANCE_LEASE), lease)
      return isHeld ? step.decide(facts, ids) : { result: null, changes: {} }
    },
  }
}

/**
 * Lets one process at a time do exclusive work: sweep overdue runs, fold counters, prune, and alert, except about an unavailable
 * database. Each new holder has a higher epoch, so a process that was paused and lost the lease can no longer change anything under
 * it, except that it may drop PostgreSQL's partitions of old bodies.
 */
export type Lease = { epoch: number }
