import { type ClockTrust, checkClock } from '../domain/due-time.ts'
import type { Lease } from '../domain/lease.ts'
import type { RetentionPlace } from '../domain/retention.ts'
import type { Store } from '../store/store.ts'
import type { UpkeepLease } from '../tracking/upkeep-lease.ts'
import { type Repeated, repeat } from './repeat.ts'

type PrunerDeps = {
  store: Pick<
    Store,
    'deleteExpiredKeys' | 'pruneBodies' | 'deleteOldSubmissions' | 'findClockTrust' | 'saveClockTrust'
  >
  lease: Pick<UpkeepLease, 'current'>
  clock: () => number
  /** How long the service has been running, in milliseconds: nothing sets it. */
  uptimeMs: () => number
  /** What the store had when it was opened; null where it was empty. */
  clockTrust: () => ClockTrust | null
  retentionMs: number
  /** Null: submissions are kept for ever. */
  retentionRunsMs: number | null
  log: { error(fields: object, text: string): void; warn(fields: object, text: string): void }
}

/** Where the next step goes on. */
type Place = 'keys' | { bodies: number | null } | { submissions: RetentionPlace | null }

/** So few at once that no delivery waits for it. */
const AT_ONCE = 200
const BETWEEN_MS = 50
const EVERY_MS = 10 * 60_000
/** Leases count from 1. */
const NO_EPOCH = 0
const DOUBT_TEXT =
  'the clock is more than a day past the last time it was trusted: check it. Nothing is pruned until the service has run for a day'

/**
 * Deletes expired idempotency keys, and bodies and headers of deliveries past their retention; their rows and all statuses stay.
 * Deletes submissions past theirs completely, if there is one.
 */
export function createPruner(deps: PrunerDeps): Repeated {
  const { store, lease, clock, uptimeMs, retentionMs, retentionRunsMs, log } = deps
  let last: { trust: ClockTrust; checkedAt: number } | undefined
  /** Of the lease under which the last check was made; undefined before the first one. */
  let epoch: number | undefined
  let isWarned = false
  let place: Place | null = null

  /** Keys first, then bodies. Null: it is done, or another process does it. */
  const work = async (held: Lease, at: Place, now: number): Promise<Place | null> => {
    if (at === 'keys') {
      const isMore = await store.deleteExpiredKeys(held, now)
      if (isMore === null) return null
      return isMore ? 'keys' : { bodies: null }
    }
    if ('bodies' in at) {
      // To the end of the table, past what a clock that was ahead has left among the old.
      const pruned = await store.pruneBodies(held, now - retentionMs, AT_ONCE, at.bodies)
      if (pruned === null) return null
      if (pruned.next !== null) return { bodies: pruned.next }
      return retentionRunsMs === null ? null : { submissions: null }
    }
    if (retentionRunsMs === null) return null
    const deleted = await store.deleteOldSubmissions(held, now, now - retentionRunsMs, at.submissions)
    return deleted === null || deleted.next === null ? null : { submissions: deleted.next }
  }
  /** Another process that had the lease meanwhile has saved a later one, and counted the time. */
  const findTrust = async (held: Lease): Promise<ClockTrust | null> => {
    if (epoch === undefined) return deps.clockTrust()
    if (epoch === held.epoch) return last?.trust ?? deps.clockTrust()
    last = undefined
    return store.findClockTrust()
  }
  return repeat(
    async () => {
      const held = lease.current()
      if (held === null) {
        epoch = NO_EPOCH
        return EVERY_MS
      }
      const lastTrust = await findTrust(held)
      const now = clock()
      const checkedAt = uptimeMs()
      const ranMs = last === undefined ? 0 : checkedAt - last.checkedAt
      const { trust, isInDoubt } = checkClock(lastTrust, now, ranMs)
      if (isInDoubt || place === null) await store.saveClockTrust(held, trust)
      last = { trust, checkedAt }
      epoch = held.epoch
      if (isInDoubt && !isWarned) {
        const fields = { now: timeText(now), trustedAt: timeText(trust.trustedAt) }
        log.warn(fields, DOUBT_TEXT)
      }
      isWarned = isInDoubt
      if (isInDoubt) return EVERY_MS
      place = await work(held, place ?? 'keys', now)
      return place === null ? EVERY_MS : BETWEEN_MS
    },
    { afterFailureMs: EVERY_MS, onError: (err) => log.error({ err }, 'pruning failed') },
  )
}

function timeText(at: number): string {
  return new Date(at).toISOString()
}
