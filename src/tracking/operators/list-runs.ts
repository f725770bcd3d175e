import type { ListedRun, RunFilter } from '../../domain/run-filter.ts'
import { type ListedRunView, listedRunView } from './listed-run-view.ts'

type ListRunsDeps = {
  store: {
    listRuns(
      filter: RunFilter,
      page: { limit: number; before: number | null },
    ): Promise<{ runs: ListedRun[]; next: number | null }>
  }
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
