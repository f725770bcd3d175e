import { setImmediate } from 'node:timers/promises'
import type { ListedRun, RunFilter } from '../../domain/run-filter.ts'
import type { Store } from '../../store/store.ts'

export type MatchingDeps = {
  store: Pick<Store, 'listRuns'>
}

/** The number of runs per read: other work runs in between. */
const STEP = 200

/**
 * Yields the matching runs in batches, the newest first. Runs that are created meanwhile are skipped. If there are many names, a
 * page of the store may be empty without being the last.
 */
export async function* matchingRuns(
  { store }: MatchingDeps,
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
