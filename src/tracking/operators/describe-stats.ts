import type { RunStatus } from '../../domain/run.ts'
import type { RunGroup } from '../../domain/run-group.ts'
import { hourOf, quantileOf, type SettledInHour, type TallyCount } from '../../domain/tally.ts'

type StatsDeps = {
  store: {
    listRunGroups(): Promise<(RunGroup & { size: number })[]>
    sumTallies(from: number, until: number): Promise<TallyCount[]>
    listSettled(from: number, until: number): Promise<SettledInHour[]>
    findOldestPending(): Promise<{ runId: string; requestedAt: number } | undefined>
  }
  clock: () => number
}

type Counts = { [status in RunStatus]: number }

const HOUR_MS = 3_600_000

/**
 * What became of runs in the last `windowMs`, in whole hours: `pending` is what is pending now, the rest what came to that
 * status within the window. `causes` are those of the failures in the window, the most frequent first.
 */
export async function describeStats({ store, clock }: StatsDeps, windowMs: number) {
  const now = clock()
  const hours = Math.max(1, Math.ceil(windowMs / HOUR_MS))
  const firstHour = hourOf(now) - hours + 1
  const endHour = firstHour + hours
  const [groups, tallies, settled, oldest] = await Promise.all([
    store.listRunGroups(),
    store.sumTallies(firstHour, endHour),
    store.listSettled(firstHour, endHour),
    store.findOldestPending(),
  ])
  const byStatus = noCounts()
  const byExtension = new Map<string, Counts>()
  const byHour = new Map<number, Counts>()
  for (let hour = firstHour; hour < endHour; hour += 1) byHour.set(hour, noCounts())
  const causes = new Map<string, { extension: string; cause: string; count: number }>()
  const buckets = new Map<number, number>()
  const add = (extension: string, status: RunStatus, size: number) => {
    const counts = byExtension.get(extension) ?? noCounts()
    byExtension.set(extension, counts)
    counts[status] += size
    byStatus[status] += size
  }

  for (const { extension, status, size } of groups) if (status === 'pending') add(extension, status, size)
  for (const { hour, ...counts } of settled) byHour.set(hour, { pending: 0, ...counts })
  for (const [kind, value, extension, size] of tallies) {
    if (kind === 'settled' && isStatus(value)) add(extension, value, size)
    if (kind === 'failed') {
      const key = JSON.stringify([extension, value])
      const known = causes.get(key) ?? { extension, cause: value, count: 0 }
      causes.set(key, { ...known, count: known.count + size })
    }
    if (kind === 'seconds') buckets.set(Number(value), (buckets.get(Number(value)) ?? 0) + size)
  }
  return {
    window: `${hours}h`,
    byStatus,
    byExtension: Object.fromEntries(byExtension),
    byHour: [...byHour].map(([hour, counts]) => ({
      hour: new Date(hour * HOUR_MS).toISOString(),
      ...counts,
    })),
    causes: [...causes.values()]
      .filter(({ count }) => count > 0)
      .toSorted((one, other) => other.count - one.count),
    oldestPendingAt: oldest ? new Date(oldest.requestedAt).toISOString() : null,
    settleSeconds: { p50: quantileOf(buckets, 0.5), p95: quantileOf(buckets, 0.95) },
  }
}

export type Stats = Awaited<ReturnType<typeof describeStats>>

function noCounts(): Counts {
  return { pending: 0, success: 0, failed: 0, expired: 0 }
}

function isStatus(value: string): value is RunStatus {
  return value === 'success' || value === 'failed' || value === 'expired'
}
