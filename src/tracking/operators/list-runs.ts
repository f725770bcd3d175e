import type { RunFilter } from '../../domain/run-filter.ts'
import type { Store } from '../../store/store.ts'
import { type ListedRunView, listedRunView } from './listed-run-view.ts'

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
