import type { RunStatus } from '../../domain/run.ts'
import { EVERY_RUN } from '../../domain/run-filter.ts'
import type { CountedGroup } from '../../domain/run-group.ts'
import { describeStats, type Stats } from './describe-stats.ts'
import { listRunGroups } from './list-run-groups.ts'

export type Overview = {
  /** What happened within the window. */
  stats: Stats
  /** How many runs have each status now, whenever they came to it: as many as the list of that status has. */
  totals: { [status in RunStatus]: number }
  /** The same of one cause of failures. */
  totalOfCause: (extension: string, cause: string) => number
  /** How many failed runs no operator has acknowledged. */
  unacknowledged: number
  oldestPendingRunId: string | null
}

/** What an operator looks at first. */
export async function describeOverview(
  deps: Parameters<typeof describeStats>[0],
  windowMs: number,
): Promise<Overview> {
  const [stats, groups, oldest] = await Promise.all([
    describeStats(deps, windowMs),
    listRunGroups(deps, EVERY_RUN),
    deps.store.findOldestPending(),
  ])
  const totalOf = (isMeant: (group: CountedGroup) => boolean) =>
    groups.filter(isMeant).reduce((sum, { size }) => sum + size, 0)
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
