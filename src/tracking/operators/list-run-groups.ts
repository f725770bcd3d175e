import type { RunFilter } from '../../domain/run-filter.ts'
import { wantsGroup } from '../../domain/run-filter.ts'
import type { RunGroup } from '../../domain/run-group.ts'

type RunGroupsDeps = { store: { listRunGroups(): Promise<(RunGroup & { size: number })[]> } }

/** A number of runs that have something in common. */
export type CountedGroup = RunGroup & { size: number }

/** The kinds of runs that a filter asks for, the largest first; its times and words are not looked at. */
export async function listRunGroups({ store }: RunGroupsDeps, filter: RunFilter): Promise<CountedGroup[]> {
  const groups = await store.listRunGroups()
  return groups
    .filter((group) => wantsGroup(filter, group))
    .toSorted((one, other) => other.size - one.size || one.extension.localeCompare(other.extension))
}
