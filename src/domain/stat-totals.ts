import { quantileOf } from './duration-buckets.ts'
import { replaceRareCauses } from './failure-cause.ts'
import type { RunStatus } from './run.ts'
import { isNonPendingStatus, type StatCounts } from './stat-counters.ts'

type StatusCounts = { [status in RunStatus]: number }

/** The counts as operators see them. */
type Totals = {
  byStatus: StatusCounts
  byExtension: { [extension: string]: StatusCounts }
  /** The causes of failures, most frequent first. */
  causes: { extension: string; cause: string; count: number }[]
  /** The median and the 95th percentile of the time from the request to the final status; null if no run settled. */
  settleSeconds: { p50: number | null; p95: number | null }
}

/** `pending` counts the runs that are pending now. Everything else is about the runs that got their present status in the counted hours. */
export function totalsOf({ groups, counters }: Pick<StatCounts, 'groups' | 'counters'>): Totals {
  const byStatus = noRuns()
  const byExtension = new Map<string, StatusCounts>()
  const causes: { extension: string; cause: string; count: number }[] = []
  const buckets = new Map<number, number>()
  const add = (extension: string, status: RunStatus, count: number) => {
    const ofExtension = byExtension.get(extension) ?? noRuns()
    byExtension.set(extension, ofExtension)
    ofExtension[status] += count
    byStatus[status] += count
  }
  for (const { extension, status, count } of groups) if (status === 'pending') add(extension, status, count)
  for (const [, kind, extension, value, count] of counters) {
    if (kind === 'settled' && isNonPendingStatus(value)) add(extension, value, count)
    if (kind === 'failed' && count > 0) causes.push({ extension, cause: value, count })
    if (kind === 'seconds') buckets.set(Number(value), (buckets.get(Number(value)) ?? 0) + count)
  }
  return {
    byStatus,
    byExtension: Object.fromEntries(byExtension),
    causes: sumUpCauses(causes),
    settleSeconds: { p50: quantileOf(buckets, 0.5), p95: quantileOf(buckets, 0.95) },
  }
}

function sumUpCauses(
  causes: readonly { extension: string; cause: string; count: number }[],
): Totals['causes'] {
  const sums = new Map<string, Totals['causes'][number]>()
  for (const { extension, cause, count } of replaceRareCauses(causes)) {
    const key = JSON.stringify([extension, cause])
    sums.set(key, { extension, cause, count: count + (sums.get(key)?.count ?? 0) })
  }
  return [...sums.values()].toSorted((one, other) => other.count - one.count)
}

function noRuns(): StatusCounts {
  return { pending: 0, success: 0, failed: 0, expired: 0 }
}
