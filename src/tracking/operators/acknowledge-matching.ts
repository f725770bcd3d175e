import type { ListedRun, RunFilter } from '../../domain/run-filter.ts'
import { ACKNOWLEDGED_AT_ONCE, type AcknowledgeDeps, acknowledgeRuns } from './acknowledge-runs.ts'

type AcknowledgeMatchingDeps = AcknowledgeDeps & {
  store: {
    listRuns(
      filter: RunFilter,
      page: { limit: number; before: number | null },
    ): Promise<{ runs: ListedRun[]; next: number | null }>
  }
}

/**
 * Acknowledges the runs that match and are not acknowledged yet, the newest first, at most `limit`; what comes meanwhile is
 * left. Each step is an act of its own. Returns how many it were.
 */
export async function acknowledgeMatching(
  deps: AcknowledgeMatchingDeps,
  request: { filter: RunFilter; note: string | null; actor: string; limit: number },
): Promise<number> {
  const { note, actor, limit } = request
  const filter = { ...request.filter, acknowledged: false }
  let before: number | null = null
  let count = 0
  do {
    const page: { runs: ListedRun[]; next: number | null } = await deps.store.listRuns(filter, {
      limit: Math.min(ACKNOWLEDGED_AT_ONCE, limit - count),
      before,
    })
    // A page may be empty and have a next one.
    const runIds = page.runs.map(({ run }) => run.runId)
    count += (await acknowledgeRuns(deps, { runIds, note, actor })).length
    before = page.next
  } while (before !== null && count < limit)
  return count
}
