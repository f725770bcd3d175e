import { setImmediate } from 'node:timers/promises'
import type { AuditEntry } from '../../domain/audit-entry.ts'
import { TrackerError } from '../../domain/errors.ts'
import { unitsOf } from '../../domain/extension-units.ts'
import type { RetryProgress, UnsubmittedItem } from '../../domain/retry.ts'
import { EVERY_RUN, type ListedRun, type RunFilter } from '../../domain/run-filter.ts'
import type { Store } from '../../store/store.ts'
import { type MatchingDeps, matchingRuns } from './matching-runs.ts'

type RetryRunsDeps = MatchingDeps & {
  store: Pick<Store, 'createRetry' | 'findRetry' | 'listUnsubmitted'>
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
  const runs =
    'runIds' in selection
      ? await findEach(deps, selection.runIds)
      : await listMatching(deps, selection.filter, selection.limit)
  return { total: runs.length, ...unitsOf(runs.map(({ run }) => run.requestedAs ?? run.name)) }
}

/** Writes down which runs are to be asked for again; they are, one after another, also after a restart. */
export async function startRetry(
  deps: RetryRunsDeps,
  request: {
    selection: RetrySelection
    actor: string
    reason: string | null
    details: AuditEntry['details']
  },
): Promise<ShownRetry> {
  const { selection, actor, reason, details } = request
  const runIds =
    'runIds' in selection
      ? selection.runIds
      : (await listMatching(deps, selection.filter, selection.limit)).map(({ run }) => run.runId)
  const retryId = deps.newId()
  const act: AuditEntry = { at: deps.clock(), actor, kind: 'retry_many', subject: retryId, reason, details }
  await deps.store.createRetry(retryId, runIds, act)
  deps.wake()
  return showRetry(deps, retryId)
}

export type ShownRetry = RetryProgress & {
  /** The first of those that `failed` counts. */
  notTaken: UnsubmittedItem[]
}

const MAX_NOT_TAKEN = 100

/** How far a retry has come, and why some of it was not taken. Throws `not_found`. */
export async function showRetry(
  { store }: Pick<RetryRunsDeps, 'store'>,
  retryId: string,
): Promise<ShownRetry> {
  const progress = await store.findRetry(retryId)
  if (progress === undefined) throw new TrackerError('not_found', `There is no retry ${retryId}.`)
  const notTaken = progress.failed === 0 ? [] : await store.listUnsubmitted(retryId, MAX_NOT_TAKEN)
  return { ...progress, notTaken }
}

/** The runs of these ids that there are. Others get their turn in between. */
async function findEach({ store }: MatchingDeps, runIds: readonly string[]): Promise<ListedRun[]> {
  const found: ListedRun[] = []
  for (const runId of new Set(runIds)) {
    const { runs } = await store.listRuns({ ...EVERY_RUN, q: runId }, { limit: 1, before: null })
    found.push(...runs.filter(({ run }) => run.runId === runId))
    await setImmediate()
  }
  return found
}

async function listMatching(deps: MatchingDeps, filter: RunFilter, limit: number): Promise<ListedRun[]> {
  const matching: ListedRun[] = []
  for await (const runs of matchingRuns(deps, filter)) {
    matching.push(...runs)
    if (matching.length >= limit) break
  }
  return matching.slice(0, limit)
}
