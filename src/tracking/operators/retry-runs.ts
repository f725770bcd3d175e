import { setImmediate } from 'node:timers/promises'
import type { AuditEntry } from '../../domain/audit-entry.ts'
import { TrackerError } from '../../domain/errors.ts'
import { type RetryProgress, type UnacceptedItem, unitsOf } from '../../domain/retry.ts'
import { EVERY_RUN, type ListedRun, type RunFilter } from '../../domain/run-filter.ts'
import type { Store } from '../../store/store.ts'
import { type ListRunsDeps, matchingRuns } from './list-runs.ts'

export type StartRetryDeps = ListRunsDeps & {
  store: Pick<Store, 'createRetry' | 'findRetry' | 'listUnaccepted'>
  clock: () => number
  newId: () => string
  /** Wakes the retrier, because there is work. */
  wake: () => void
}

/** The selected runs: the newest `limit` that match a filter, or those with these ids. */
export type RetrySelection = { filter: RunFilter; limit: number } | { runIds: readonly string[] }

export type RetryPreview = {
  total: number
  /** The cost in ImageKit's extension units of the runs whose price is known. */
  units: number
  /** The number of the other runs. */
  unpriced: number
}

/** How many runs a retry would include, and what they would cost, including those that can't be retried, such as pending ones. */
export async function previewRetry(deps: ListRunsDeps, selection: RetrySelection): Promise<RetryPreview> {
  const runs =
    'runIds' in selection
      ? await findRuns(deps, selection.runIds)
      : await listMatching(deps, selection.filter, selection.limit)
  return { total: runs.length, ...unitsOf(runs.map(({ run }) => run.requestedAs ?? run.name)) }
}

/** Stores which runs to retry. They are then retried one after another, even after a restart. */
export async function startRetry(
  deps: StartRetryDeps,
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
  const entry: AuditEntry = { at: deps.clock(), actor, kind: 'retry_many', subject: retryId, reason, details }
  await deps.store.createRetry(retryId, runIds, entry)
  deps.wake()
  return showRetry(deps, retryId)
}

export type ShownRetry = RetryProgress & {
  /** Of the items that `failed` counts, the first `MAX_UNACCEPTED`. */
  notAccepted: UnacceptedItem[]
}

const MAX_UNACCEPTED = 100

/** The progress of a retry, and the runs whose retry ImageKit did not clearly accept, with the reasons. Throws `not_found`. */
export async function showRetry(
  { store }: { store: Pick<Store, 'findRetry' | 'listUnaccepted'> },
  retryId: string,
): Promise<ShownRetry> {
  const progress = await store.findRetry(retryId)
  if (progress === undefined) throw new TrackerError('not_found', `There is no retry ${retryId}.`)
  const notAccepted = progress.failed === 0 ? [] : await store.listUnaccepted(retryId, MAX_UNACCEPTED)
  return { ...progress, notAccepted }
}

/** The existing runs with these ids. Yields to other work between the reads. */
async function findRuns({ store }: ListRunsDeps, runIds: readonly string[]): Promise<ListedRun[]> {
  const found: ListedRun[] = []
  for (const runId of new Set(runIds)) {
    const { runs } = await store.listRuns({ ...EVERY_RUN, q: runId }, { limit: 1, before: null })
    found.push(...runs.filter(({ run }) => run.runId === runId))
    await setImmediate()
  }
  return found
}

async function listMatching(deps: ListRunsDeps, filter: RunFilter, limit: number): Promise<ListedRun[]> {
  const matching: ListedRun[] = []
  for await (const runs of matchingRuns(deps, filter)) {
    matching.push(...runs)
    if (matching.length >= limit) break
  }
  return matching.slice(0, limit)
}
