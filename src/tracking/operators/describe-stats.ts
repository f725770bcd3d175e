import { hourOf } from '../../domain/stat-counters.ts'
import { totalsOf } from '../../domain/stat-totals.ts'
import type { Store } from '../../store/store.ts'

export type DescribeStatsDeps = {
  store: Pick<Store, 'readStats' | 'findOldestPending'>
  clock: () => number
}

const HOUR_MS = 3_600_000

/**
 * The statistics of a window of whole hours: `windowMs` rounded up, with the current, unfinished hour as the last one. `pending` counts
 * the runs that are pending now, each other status the runs that got it within the window and still have it. `byHour` has no `pending`,
 * because the counters count by hour only when runs get another status. `causes` are those of the failures in the window, the most
 * frequent first. `settleSeconds`: how long after their request the runs settled.
 */
export async function describeStats({ store, clock }: DescribeStatsDeps, windowMs: number) {
  const now = clock()
  const hours = Math.max(1, Math.ceil(windowMs / HOUR_MS))
  const firstHour = hourOf(now) - hours + 1
  const endHour = firstHour + hours
  const [counts, oldest] = await Promise.all([store.readStats(firstHour, endHour), store.findOldestPending()])
  const { byStatus, byExtension, causes, settleSeconds } = totalsOf(counts)
  const countsByHour = new Map(counts.byHour.map((hourCounts) => [hourCounts.hour, hourCounts]))
  return {
    window: `${hours}h`,
    byStatus,
    byExtension,
    byHour: Array.from({ length: hours }, (_, index) => {
      const hour = firstHour + index
      const { success = 0, failed = 0, expired = 0 } = countsByHour.get(hour) ?? {}
      return { hour: new Date(hour * HOUR_MS).toISOString(), success, failed, expired }
    }),
    causes,
    oldestPendingAt: oldest ? new Date(oldest.requestedAt).toISOString() : null,
    settleSeconds,
  }
}

export type Stats = Awaited<ReturnType<typeof describeStats>>
