import { addressOf, hostOf } from '../domain/notification.ts'

/** Targets that are left alone for a while, since an attempt to reach them has failed. */
export type TargetHolds = {
  isHeld(target: string, now: number): boolean
  /** `wholeHost`: nothing answered there, whatever the path. */
  hold(target: string, options: { until: number; now: number; wholeHost: boolean }): void
  release(target: string): void
}

/** An old notification is tried again after an hour; a newer one need not wait as long to see whether its target is back. */
const LONGEST_HOLD_MS = 5 * 60_000
const MAX_HOLDS = 10_000

export function createTargetHolds(): TargetHolds {
  const holds = new Map<string, number>()
  const isHeld = (key: string, now: number) => {
    const end = holds.get(key) ?? Number.NEGATIVE_INFINITY
    // One that ends later was made while the clock was ahead.
    return end > now && end <= now + LONGEST_HOLD_MS
  }
  return {
    isHeld: (target, now) => isHeld(hostOf(target), now) || isHeld(addressOf(target), now),
    hold(target, { until, now, wholeHost }) {
      if (holds.size >= MAX_HOLDS) for (const [key, end] of holds) if (end <= now) holds.delete(key)
      if (holds.size >= MAX_HOLDS) holds.clear()
      holds.set(wholeHost ? hostOf(target) : addressOf(target), Math.min(until, now + LONGEST_HOLD_MS))
    },
    release(target) {
      holds.delete(hostOf(target))
      holds.delete(addressOf(target))
    },
  }
}
