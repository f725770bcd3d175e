import type { RunFilter } from '../../domain/run-filter.ts'
import { type AcknowledgeDeps, acknowledgeRuns } from './acknowledge-runs.ts'
import { type MatchingDeps, matchingRuns } from './matching-runs.ts'

/**
 * Acknowledges the runs that match and are not acknowledged yet, the newest first, at most `limit`; what comes meanwhile is
 * left. Each step is an act of its own. Returns how many it were.
 */
export async function acknowledgeMatching(
  deps: AcknowledgeDeps & MatchingDeps,
  request: { filter: RunFilter; note: string | null; actor: string; limit: number },
): Promise<number> {
  const { note, actor, limit } = request
  let count = 0
  for await (const runs of matchingRuns(deps, { ...request.filter, acknowledged: false })) {
    const runIds = runs.slice(0, limit - count).map(({ run }) => run.runId)
    count += (await acknowledgeRuns(deps, { runIds, note, actor })).length
    if (count >= limit) break
  }
  return count
}
