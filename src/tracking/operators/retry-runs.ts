import { setImmediate } from 'node:timers/promises'
import type { Act } from '../../domain/act.ts'
import { TrackerError } from '../../domain/errors.ts'
import { unitsOf } from '../../domain/extension-units.ts'
import type { NotTaken, RetryProgress } from '../../domain/retry.ts'
import { EVERY_RUN, type ListedRun, type RunFilter } from '../../domain/run-filter.ts'

type RetryRunsDeps = {
  store: {
    listRuns(
      filter: RunFilter,
      page: { limit: number; before: number | null },
    ): Promise<{ runs: ListedRun[]; next: number | null }>
    createRetry(retryId: string, runIds: readonly string[], act: Act): Promise<void>
    findRetry(retryId: string): Promise<RetryProgress | undefined>
    listNotTaken(retryId: string, limit: number): Promise<NotTaken[]>
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
export async function previewRetry(
  deps: Pick<RetryRunsDeps, 'store'>,
  selection: RetrySelection,
): Promise<RetryPreview> {
  const { store } = deps
  const runs =
    'runIds' in selection
      ? await findEach(store, selection.runIds)
      : await listMatching(store, selection.filter, selection.limit)
  return { total: runs.length, ...unitsOf(runs.map(({ run }) => run.requestedAs ?? run.name)) }
}

/** Writes down which runs are to be asked for again; they are, one after another, also after a restart. */
export async function startRetry(
  deps: RetryRunsDeps,
  request: { selection: RetrySelection; actor: string; reason: string | null; details: Act['details'] },
): Promise<ShownRetry> {
  const { selection, actor, reason, details } = request
  const runIds =
    'runIds' in selection
      ? selection.runIds
      : (await listMatching(deps.store, selection.filter, selection.limit)).map(({ run }) => run.runId)
  const retryId = deps.newId()
  const act: Act = { at: deps.clock(), actor, kind: 'retry_many', subject: retryId, reason, details }
  await deps.store.createRetry(retryId, runIds, act)
  deps.wake()
  return showRetry(deps, retryId)
}

export type ShownRetry = RetryProgress & {
  /** The first of those that `failed` counts. */
  notTaken: NotTaken[]
}

const MAX_NOT_TAKEN = 100

/** How far a retry has come, and why some of it was not taken. Throws `not_found`. */
export async function showRetry(
  { store }: Pick<RetryRunsDeps, 'store'>,
  retryId: string,
): Promise<ShownRetry> {
  const progress = await store.findRetry(retryId)
  if (progress === undefined) throw new TrackerError('not_found', `There is no retry ${retryId}.`)
  const notTaken = progress.failed === 0 ? [] : await store.listNotTaken(retryId, MAX_NOT_TAKEN)
  return { ...progress, notTaken }
}

type Lists = Pick<RetryRunsDeps['store'], 'listRuns'>

/** The runs of these ids that there are. Others get their turn in between. */
async function findEach(store: Lists, runIds: readonly string[]): Promise<ListedRun[]> {
  const found: ListedRun[] = []
  for (const runId of new Set(runIds)) {
    const { runs } = await store.listRuns({ ...EVERY_RUN, q: runId }, { limit: 1, before: null })
    found.push(...runs.filter(({ run }) => run.runId === runId))
    await setImmediate()
  }
  return found
}

/** The newest that match. A page may be short of its limit and have a next one: others get their turn in between. */
async function listMatching(store: Lists, filter: RunFilter, limit: number): Promise<ListedRun[]> {
  const matching: ListedRun[] = []
  let before: number | null = null
  for (;;) {
    const page: { runs: ListedRun[]; next: number | null } = await store.listRuns(filter, {
      limit: limit - matching.length,
      before,
    })
    matching.push(...page.runs)
    before = page.next
    if (before === null || matching.length >= limit) return matching
    await setImmediate()
  }
}
