import { quantileOf } from './duration-buckets.ts'
import { boundCauses } from './failure-cause.ts'
import type { RunStatus } from './run.ts'
import { isSettledStatus, type StatCounts } from './stat-counters.ts'

type StatusCounts = { [status in RunStatus]: number }

/** The counts as operators read them. */
type Totals = {
  byStatus: StatusCounts
  byExtension: { [extension: string]: StatusCounts }
  /** The causes of failures, most frequent first. */
  causes: { extension: string; cause: string; count: number }[]
  settleSeconds: { p50: number | null; p95: number | null }
}

/** `pending` counts the runs that are pending now; the rest counts what happened in the hours. */
export function totalsOf({ groups, counters }: Pick<StatCounts, 'groups' | 'counters'>): Totals {
  const byStatus = noRuns()
  const byExtension = new Map<string, StatusCounts>()
  const causes: { extension: string; cause: string; size: number }[] = []
  const buckets = new Map<number, number>()
  const add = (extension: string, status: RunStatus, size: number) => {
    const ofExtension = byExtension.get(extension) ?? noRuns()
    byExtension.set(extension, ofExtension)
    ofExtension[status] += size
    byStatus[status] += size
  }
  for (const { extension, status, size } of groups) if (status === 'pending') add(extension, status, size)
  for (const [, kind, extension, value, size] of counters) {
    if (kind === 'settled' && isSettledStatus(value)) add(extension, value, size)
    if (kind === 'failed' && size > 0) causes.push({ extension, cause: value, size })
    if (kind === 'seconds') buckets.set(Number(value), (buckets.get(Number(value)) ?? 0) + size)
  }
  return {
    byStatus,
    byExtension: Object.fromEntries(byExtension),
    causes: sumUpCauses(causes),
    settleSeconds: { p50: quantileOf(buckets, 0.5), p95: quantileOf(buckets, 0.95) },
  }
}

function sumUpCauses(
  causes: readonly { extension: string; cause: string; size: number }[],
): Totals['causes'] {
  const sums = new Map<string, Totals['causes'][number]>()
  for (const { extension, cause, size } of boundCauses(causes)) {
    const key = JSON.stringify([extension, cause])
    sums.set(key, { extension, cause, count: size + (sums.get(key)?.count ?? 0) })
  }
  return [...sums.values()].toSorted((one, other) => other.count - one.count)
}

function noRuns(): StatusCounts {
  return { pending: 0, success: 0, failed: 0, expired: 0 }
}
