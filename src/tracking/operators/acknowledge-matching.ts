import type { RunFilter } from '../../domain/run-filter.ts'
import { type AcknowledgeDeps, acknowledgeRuns } from './acknowledge-runs.ts'
import { type MatchingDeps, matchingRuns } from './matching-runs.ts'

/**
 * Acknowledges the matching runs that are not acknowledged yet, the newest first, at most `limit`. Runs that are created
 * meanwhile are skipped. Each step has its own audit entry. Returns the number of acknowledged runs.
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
