import { setImmediate } from 'node:timers/promises'
import type { ListedRun, RunFilter } from '../../domain/run-filter.ts'
import type { Store } from '../../store/store.ts'

export type MatchingDeps = {
  store: Pick<Store, 'listRuns'>
}

/** So many are read in one step: others get their turn in between. */
const STEP = 200

/**
 * The runs that match, the newest first, some at a time. What comes meanwhile is left. Where names are many a page of the
 * store's may be empty and yet not the last.
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
