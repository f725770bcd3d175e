import { setImmediate } from 'node:timers/promises'
import type { ListedRun, RunFilter } from '../../domain/run-filter.ts'
import { groupOf } from '../../domain/run-group.ts'
import type { SubmissionKind } from '../../domain/submission.ts'
import type { Store } from '../../store/store.ts'
import { type RunView, runView } from '../status/run-view.ts'

export type ListRunsDeps = {
  store: Pick<Store, 'listRuns'>
}

/** A page of runs, the newest first; `next` is where the following page begins, null at the end. */
export async function listRuns(
  { store }: ListRunsDeps,
  filter: RunFilter,
  page: { limit: number; before: number | null },
): Promise<{ runs: ListedRunView[]; next: number | null }> {
  const { runs, next } = await store.listRuns(filter, page)
  return { runs: runs.map(listedRunView), next }
}

/** The number of runs per read. Other requests are served in between. */
const STEP = 200

/**
 * Yields the matching runs page by page, the newest first. Runs that are created meanwhile are skipped. A page of the store ends
 * after a limited time, so it may be empty without being the last.
 */
export async function* matchingRuns(
  { store }: ListRunsDeps,
  filter: RunFilter,
): AsyncGenerator<ListedRun[], void> {
  let before: number | null = null
  do {
    const page: { runs: ListedRun[]; next: number | null } = await store.listRuns(filter, {
      limit: STEP,
      before,
    })
    if (page.runs.length > 0) yield page.runs
    before = page.next
    await setImmediate()
  } while (before !== null)
}

/** A run as it appears in the operators' lists. */
export type ListedRunView = RunView & {
  fileId: string | null
  fileName: string | null
  kind: SubmissionKind
  acknowledgedAt: string | null
  /** The cause by which failures are grouped; null if the run did not fail. */
  cause: string | null
}

export function listedRunView({ run, fileId, fileName, kind }: ListedRun): ListedRunView {
  const acknowledgedAt = run.acknowledgedAt === null ? null : new Date(run.acknowledgedAt).toISOString()
  return { ...runView(run), fileId, fileName, kind, acknowledgedAt, cause: groupOf(run).cause || null }
}
