import { type ClockTrust, checkClock } from '../domain/due-time.ts'
import type { RetentionPlace } from '../domain/retention.ts'
import type { Store } from '../store/store.ts'
import { type Repeated, repeat } from './repeat.ts'

type PrunerDeps = {
  store: Pick<Store, 'pruneBodies' | 'deleteOldSubmissions' | 'saveClockTrust'>
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
type Place = { bodies: number | null } | { submissions: RetentionPlace | null }

/** So few at once that no delivery waits for it. */
const AT_ONCE = 200
const BETWEEN_MS = 50
const EVERY_MS = 10 * 60_000
const DOUBT_TEXT =
  'the clock is more than a day past the last time it was trusted: check it. Nothing is pruned until the service has run for a day'

/**
 * Deletes bodies and headers of deliveries past their retention; their rows and all statuses stay. Deletes submissions past
 * theirs completely, if there is one.
 */
export function createPruner(deps: PrunerDeps): Repeated {
  const { store, clock, uptimeMs, retentionMs, retentionRunsMs, log } = deps
  let last: { trust: ClockTrust; checkedAt: number } | undefined
  let isWarned = false
  let place: Place | null = null

  /** Bodies are pruned first. Null: it is done. */
  const work = async (at: Place, now: number): Promise<Place | null> => {
    if ('bodies' in at) {
      // To the end of the table, past what a clock that was ahead has left among the old.
      const { next } = await store.pruneBodies(now - retentionMs, AT_ONCE, at.bodies)
      if (next !== null) return { bodies: next }
      return retentionRunsMs === null ? null : { submissions: null }
    }
    if (retentionRunsMs === null) return null
    const { next } = await store.deleteOldSubmissions(now, now - retentionRunsMs, at.submissions)
    return next === null ? null : { submissions: next }
  }
  return repeat(
    async () => {
      const now = clock()
      const checkedAt = uptimeMs()
      const ranMs = last === undefined ? 0 : checkedAt - last.checkedAt
      const { trust, isInDoubt } = checkClock(last?.trust ?? deps.clockTrust(), now, ranMs)
      if (isInDoubt || place === null) await store.saveClockTrust(trust)
      last = { trust, checkedAt }
      if (isInDoubt && !isWarned) {
        const fields = { now: timeText(now), trustedAt: timeText(trust.trustedAt) }
        log.warn(fields, DOUBT_TEXT)
      }
      isWarned = isInDoubt
      if (isInDoubt) return EVERY_MS
      place = await work(place ?? { bodies: null }, now)
      return place === null ? EVERY_MS : BETWEEN_MS
    },
    { afterFailureMs: EVERY_MS, onError: (err) => log.error({ err }, 'pruning failed') },
  )
}

function timeText(at: number): string {
  return new Date(at).toISOString()
}
