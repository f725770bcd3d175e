import type { Lease } from '../domain/decide/lease.ts'
import { type ClockTrust, checkClock } from '../domain/due-time.ts'
import type { RetentionPlace } from '../domain/retention.ts'
import type { Store } from '../store/store.ts'
import type { MaintenanceLease } from '../tracking/maintenance-lease.ts'
import { type Repeated, repeat } from './repeat.ts'

export type PrunerDeps = {
  store: Pick<
    Store,
    'deleteExpiredKeys' | 'pruneBodies' | 'deleteOldSubmissions' | 'findClockTrust' | 'saveClockTrust'
  >
  lease: Pick<MaintenanceLease, 'current'>
  clock: () => number
  /** A monotonic clock: how long the service has been running, in milliseconds. */
  uptimeMs: () => number
  /** The result of `findClockTrust` when the store was opened. */
  clockTrust: () => ClockTrust | null
  /** How long bodies and headers of recorded deliveries are kept, at least. */
  retentionMs: number
  /** Null: submissions are kept forever. */
  retentionRunsMs: number | null
  log: { error(fields: object, text: string): void; warn(fields: object, text: string): void }
}

/** Where the next step continues. */
type Place = 'keys' | { bodies: number | null } | { submissions: RetentionPlace | null }

/** The maximum number of bodies that one step checks: few enough not to delay deliveries noticeably. */
const BODIES_PER_STEP = 200
const BETWEEN_STEPS_MS = 50
const EVERY_MS = 10 * 60_000
/** The epochs of leases begin at 1. */
const NO_EPOCH = 0
const DOUBT_MESSAGE =
  'the clock is more than a day past the last trusted time: check it. Nothing is pruned until the service has run for a day'

/**
 * Deletes expired idempotency keys, and the bodies and headers of recorded deliveries older than `retentionMs`; the rows of those
 * deliveries stay. If `retentionRunsMs` is set, it also deletes submissions older than that, with their runs and deliveries, unless
 * they are still needed, and deliveries of that age without a submission. Rejected deliveries have their own limits (`keepRejected`).
 */
export function createPruner(deps: PrunerDeps): Repeated {
  const { store, lease, clock, uptimeMs, retentionMs, retentionRunsMs, log } = deps
  let last: { trust: ClockTrust; checkedAt: number } | undefined
  /** The epoch of the lease at the last check, or `NO_EPOCH` if this process did not have it; undefined before the first check. */
  let epoch: number | undefined
  let wasInDoubt = false
  let place: Place | null = null

  /**
   * Does one step: keys first, then bodies, then submissions. Returns where the next step continues; null if everything is done, or
   * another process has the lease.
   */
  const work = async (current: Lease, from: Place, now: number): Promise<Place | null> => {
    if (from === 'keys') {
      const isMore = await store.deleteExpiredKeys(current, now)
      if (isMore === null) return null
      return isMore ? 'keys' : { bodies: null }
    }
    if ('bodies' in from) {
      // Continues past bodies that seem too young: a clock that was ahead may have given old rows a later time.
      const pruned = await store.pruneBodies(current, now - retentionMs, BODIES_PER_STEP, from.bodies)
      if (pruned === null) return null
      if (pruned.next !== null) return { bodies: pruned.next }
      return retentionRunsMs === null ? null : { submissions: null }
    }
    if (retentionRunsMs === null) return null
    const deleted = await store.deleteOldSubmissions(current, now, now - retentionRunsMs, from.submissions)
    return deleted === null || deleted.next === null ? null : { submissions: deleted.next }
  }
  /** The last known trust. If another process has had the lease since, it may have stored a later one. */
  const findTrust = async (current: Lease): Promise<ClockTrust | null> => {
    if (epoch === undefined) return deps.clockTrust()
    if (epoch === current.epoch) return last?.trust ?? deps.clockTrust()
    last = undefined
    return store.findClockTrust()
  }
  return repeat(
    async () => {
      const current = lease.current()
      if (current === null) {
        epoch = NO_EPOCH
        return EVERY_MS
      }
      const lastTrust = await findTrust(current)
      const now = clock()
      const checkedAt = uptimeMs()
      const ranMs = last === undefined ? 0 : checkedAt - last.checkedAt
      const { trust, isInDoubt } = checkClock(lastTrust, now, ranMs)
      if (isInDoubt || place === null) await store.saveClockTrust(current, trust)
      last = { trust, checkedAt }
      epoch = current.epoch
      if (isInDoubt && !wasInDoubt) {
        const fields = { event: 'clock.doubted', now: timeText(now), trustedAt: timeText(trust.trustedAt) }
        log.warn(fields, DOUBT_MESSAGE)
      }
      wasInDoubt = isInDoubt
      if (isInDoubt) return EVERY_MS
      place = await work(current, place ?? 'keys', now)
      return place === null ? EVERY_MS : BETWEEN_STEPS_MS
    },
    {
      afterFailureMs: EVERY_MS,
      onError: (err) => log.error({ event: 'pruning.failed', err }, 'pruning failed'),
    },
  )
}

function timeText(at: number): string {
  return new Date(at).toISOString()
}
