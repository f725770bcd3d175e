import { addressOf, hostOf } from '../domain/notification.ts'

/** Targets that get no notifications for a while, because an attempt to notify them has failed. */
export type TargetBackoff = {
  isBackingOff(target: string, now: number): boolean
  /** `wholeHost`: the host itself did not respond, so the backoff applies to all its paths. */
  backOff(target: string, options: { until: number; now: number; wholeHost: boolean }): void
  reset(target: string): void
}

/** An old notification may pause for an hour. Newer ones to the same target should not wait that long once it is back. */
const MAX_BACKOFF_MS = 5 * 60_000
const MAX_ENTRIES = 10_000

export function createTargetBackoff(): TargetBackoff {
  const ends = new Map<string, number>()
  const isActive = (key: string, now: number) => {
    const end = ends.get(key) ?? Number.NEGATIVE_INFINITY
    // A backoff that ends more than `MAX_BACKOFF_MS` from now was set while the clock was ahead.
    return end > now && end <= now + MAX_BACKOFF_MS
  }
  return {
    isBackingOff: (target, now) => isActive(hostOf(target), now) || isActive(addressOf(target), now),
    backOff(target, { until, now, wholeHost }) {
      if (ends.size >= MAX_ENTRIES) for (const [key, end] of ends) if (end <= now) ends.delete(key)
      // Too many targets are backing off at once: forget them all, and learn from the next attempts.
      if (ends.size >= MAX_ENTRIES) ends.clear()
      ends.set(wholeHost ? hostOf(target) : addressOf(target), Math.min(until, now + MAX_BACKOFF_MS))
    },
    reset(target) {
      ends.delete(hostOf(target))
      ends.delete(addressOf(target))
    },
  }
}
