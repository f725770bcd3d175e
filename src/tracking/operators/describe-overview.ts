import { EVERY_RUN } from '../../domain/run-filter.ts'
import { describeStats, type Stats } from './describe-stats.ts'
import { listRunGroups } from './list-run-groups.ts'

export type Overview = {
  stats: Stats
  /** How many have failed, at any time, that nobody has seen to. */
  unseen: number
  oldestPendingRunId: string | null
}

/** What an operator looks at first. */
export async function describeOverview(
  deps: Parameters<typeof describeStats>[0],
  windowMs: number,
): Promise<Overview> {
  const [stats, groups, oldest] = await Promise.all([
    describeStats(deps, windowMs),
    listRunGroups(deps, { ...EVERY_RUN, status: 'failed', acknowledged: false }),
    deps.store.findOldestPending(),
  ])
  const unseen = groups.reduce((sum, { size }) => sum + size, 0)
  return { stats, unseen, oldestPendingRunId: oldest?.runId ?? null }
}
