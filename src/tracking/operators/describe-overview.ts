import type { RunStatus } from '../../domain/run.ts'
import { EVERY_RUN } from '../../domain/run-filter.ts'
import type { CountedGroup } from '../../domain/run-group.ts'
import { type DescribeStatsDeps, describeStats, type Stats } from './describe-stats.ts'
import { listRunGroups } from './list-run-groups.ts'

export type Overview = {
  /** The statistics of the window. */
  stats: Stats
  /** How many runs have each status now, regardless of when they got it: as many as the list of that status shows. */
  totals: { [status in RunStatus]: number }
  /** How many runs are failed now for this cause. */
  totalOfCause: (extension: string, cause: string) => number
  /** The number of failed runs that no operator has acknowledged. */
  unacknowledged: number
  oldestPendingRunId: string | null
}

/** The data of the operators' start page. */
export async function describeOverview(deps: DescribeStatsDeps, windowMs: number): Promise<Overview> {
  const [stats, groups, oldest] = await Promise.all([
    describeStats(deps, windowMs),
    listRunGroups(deps, EVERY_RUN),
    deps.store.findOldestPending(),
  ])
  const totalOf = (matches: (group: CountedGroup) => boolean) =>
    groups.filter(matches).reduce((sum, { count }) => sum + count, 0)
  const totalOfStatus = (status: RunStatus) => totalOf((group) => group.status === status)
  return {
    stats,
    totals: {
      pending: totalOfStatus('pending'),
      success: totalOfStatus('success'),
      failed: totalOfStatus('failed'),
      expired: totalOfStatus('expired'),
    },
    totalOfCause: (extension, cause) =>
      totalOf((group) => {
        return group.status === 'failed' && group.extension === extension && group.cause === cause
      }),
    unacknowledged: totalOf(({ status, acknowledged }) => status === 'failed' && !acknowledged),
    oldestPendingRunId: oldest?.runId ?? null,
  }
}
