import type { Act } from '../../domain/act.ts'
import { TrackerError } from '../../domain/errors.ts'
import { unitsOf } from '../../domain/extension-units.ts'
import type { RetryProgress } from '../../domain/retry.ts'
import { EVERY_RUN, type ListedRun, type RunFilter } from '../../domain/run-filter.ts'
import { type MatchingDeps, matchingRuns } from './matching-runs.ts'

type RetryRunsDeps = MatchingDeps & {
  store: {
    createRetry(retryId: string, runIds: readonly string[], act: Act): Promise<void>
    findRetry(retryId: string): Promise<RetryProgress | undefined>
  }
  clock: () => number
  newId: () => string
  /** Tells the job that there is work. */
  wake: () => void
}

/** Which runs are meant: those of a filter, the newest first, or these. */
export type RetrySelection = { filter: RunFilter; limit: number } | { runIds: readonly string[] }

export type RetryPreview = {
  total: number
  /** In ImageKit's extension units, of those whose price is known. */
  units: number
  unpriced: number
}

/** How many runs would be asked for again, and what ImageKit would take for them. */
export async function previewRetry(deps: MatchingDeps, selection: RetrySelection): Promise<RetryPreview> {
  const runs = await select(deps, selection)
  return { total: runs.length, ...unitsOf(runs.map(({ run }) => run.requestedAs ?? run.name)) }
}

/** Writes down which runs are to be asked for again; they are, one after another, also after a restart. */
export async function startRetry(
  deps: RetryRunsDeps,
  request: { selection: RetrySelection; actor: string; reason: string | null; details: Act['details'] },
): Promise<RetryProgress> {
  const { selection, actor, reason, details } = request
  const runs = await select(deps, selection)
  const retryId = deps.newId()
  const act: Act = { at: deps.clock(), actor, kind: 'retry_many', subject: retryId, reason, details }
  await deps.store.createRetry(
    retryId,
    runs.map(({ run }) => run.runId),
    act,
  )
  deps.wake()
  return showRetry(deps, retryId)
}

/** How far a retry has come. Throws `not_found`. */
export async function showRetry(
  { store }: Pick<RetryRunsDeps, 'store'>,
  retryId: string,
): Promise<RetryProgress> {
  const progress = await store.findRetry(retryId)
  if (progress === undefined) throw new TrackerError('not_found', `There is no retry ${retryId}.`)
  return progress
}

async function select(deps: MatchingDeps, selection: RetrySelection): Promise<ListedRun[]> {
  if (!('runIds' in selection)) {
    const { filter, limit } = selection
    const matching: ListedRun[] = []
    for await (const runs of matchingRuns(deps, filter)) {
      matching.push(...runs)
      if (matching.length >= limit) break
    }
    return matching.slice(0, limit)
  }
  const runIds = [...new Set(selection.runIds)]
  const pages = runIds.map((q) => deps.store.listRuns({ ...EVERY_RUN, q }, { limit: 1, before: null }))
  const found = (await Promise.all(pages)).flatMap(({ runs }) => runs)
  return found.filter(({ run }) => runIds.includes(run.runId))
}
