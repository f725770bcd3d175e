import type { AuditEntry } from '../../domain/audit-entry.ts'
import { TrackerError } from '../../domain/errors.ts'
import { isAcknowledgeable } from '../../domain/run.ts'
import type { RunFilter } from '../../domain/run-filter.ts'
import type { Store } from '../../store/store.ts'
import { auditedThings } from './audited-things.ts'
import { type ListedRunView, type ListRunsDeps, listedRunView, matchingRuns } from './list-runs.ts'

type AcknowledgeDeps = {
  store: Pick<Store, 'acknowledgeRuns'>
  clock: () => number
}

/** The number of runs per step: a small one, so that others can write between the steps. */
const RUNS_PER_STEP = 200

type Acknowledgement = { runIds: readonly string[]; note: string | null; actor: string }

/**
 * Acknowledges these runs: they keep their status, but are no longer open failures. Unknown ids and pending runs are skipped. Each step has
 * its own audit entry.
 */
export async function acknowledgeRuns(
  deps: AcknowledgeDeps,
  request: Acknowledgement,
): Promise<ListedRunView[]> {
  const acknowledged: ListedRunView[] = []
  for (let from = 0; from < request.runIds.length; from += RUNS_PER_STEP) {
    const runIds = request.runIds.slice(from, from + RUNS_PER_STEP)
    acknowledged.push(...(await acknowledgeStep(deps, { ...request, runIds })))
  }
  return acknowledged
}

async function acknowledgeStep(
  { store, clock }: AcknowledgeDeps,
  { runIds, note, actor }: Acknowledgement,
): Promise<ListedRunView[]> {
  const audited = auditedThings('runIds', runIds)
  const entry: AuditEntry = { at: clock(), actor, kind: 'acknowledge', reason: note, ...audited }
  return (await store.acknowledgeRuns(runIds, entry)).map(listedRunView)
}

export type AcknowledgeRunDeps = AcknowledgeDeps & { store: Pick<Store, 'findRunHistory'> }

/** Acknowledges one run. Throws `not_found` or `run_pending`. */
export async function acknowledgeRun(
  deps: AcknowledgeRunDeps,
  { runId, note, actor }: { runId: string; note: string | null; actor: string },
): Promise<ListedRunView> {
  const history = await deps.store.findRunHistory(runId)
  if (history === undefined) throw new TrackerError('not_found', `There is no run ${runId}.`)
  const runIds = isAcknowledgeable(history.run) ? [runId] : []
  const [run] = runIds.length === 0 ? [] : await acknowledgeRuns(deps, { runIds, note, actor })
  if (run === undefined)
    throw new TrackerError('run_pending', 'The run is still pending, so there is nothing to acknowledge yet.')
  return run
}

export type UnacknowledgeRunDeps = { store: Pick<Store, 'unacknowledgeRun'>; clock: () => number }

/** Revokes the acknowledgement of a run: if it has failed, it is an open failure again. Throws `not_found`. */
export async function unacknowledgeRun(
  { store, clock }: UnacknowledgeRunDeps,
  { runId, reason, actor }: { runId: string; reason: string | null; actor: string },
): Promise<ListedRunView> {
  const entry: AuditEntry = {
    at: clock(),
    actor,
    kind: 'unacknowledge',
    subject: runId,
    reason,
    details: null,
  }
  const run = await store.unacknowledgeRun(runId, entry)
  if (run === undefined) throw new TrackerError('not_found', `There is no run ${runId}.`)
  return listedRunView(run)
}

export type AcknowledgeMatchingDeps = AcknowledgeDeps & ListRunsDeps

/**
 * Acknowledges the matching runs that are not acknowledged yet, the newest first, at most `limit`. Runs that are created
 * meanwhile are skipped. Each step has its own audit entry. Returns the number of acknowledged runs.
 */
export async function acknowledgeMatching(
  deps: AcknowledgeMatchingDeps,
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
