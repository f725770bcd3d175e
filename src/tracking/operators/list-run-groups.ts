import { setImmediate } from 'node:timers/promises'
import { OTHER_CAUSE, replaceRareCauses } from '../../domain/failure-cause.ts'
import { matchesGroup, type RunFilter, selectsWholeGroups } from '../../domain/run-filter.ts'
import { type CountedGroup, groupOf, type RunGroup } from '../../domain/run-group.ts'
import type { Store } from '../../store/store.ts'
import type { ListRunsDeps } from './list-runs.ts'

export type ListRunGroupsDeps = { store: Pick<Store, 'readStats'> }

/** The groups that meet a filter's conditions on groups (see `matchesGroup`), the largest first. */
export async function listRunGroups(
  { store }: ListRunGroupsDeps,
  filter: RunFilter,
): Promise<CountedGroup[]> {
  // Only the groups are needed, which count the present runs, so no hours are read.
  const { groups } = await store.readStats(0, 0)
  return sorted(sumUp(replaceRareCauses(groups)).filter((group) => matchesGroup(filter, group)))
}

export type MatchingGroups = {
  groups: CountedGroup[]
  total: number
  /** False if there may be more matching runs than were counted. */
  isComplete: boolean
}

/** The number of runs per read. */
const STEP = 200
const MAX_STEPS = 50

/** The maximum number of runs that are counted one by one. */
export const MAX_COUNTED = STEP * MAX_STEPS

/**
 * Groups the runs that meet all conditions of a filter, the largest group first. The store's counts are by group. So for a filter
 * with other conditions, such as a time or a file name, up to `MAX_COUNTED` runs are counted one by one, and other requests are
 * served in between.
 */
export async function countMatchingRuns(
  deps: ListRunGroupsDeps & ListRunsDeps,
  filter: RunFilter,
): Promise<MatchingGroups> {
  const known = await listRunGroups(deps, filter)
  // A cause that is too rare to be shown has no group of its own, so its runs are counted one by one, too.
  if (selectsWholeGroups(filter) && (filter.cause === null || known.length > 0))
    return matchingGroups(known, true)
  const groups = new Map(known.map((group) => [keyOf(group), { ...group, count: 0 }]))
  let before: number | null = null
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const page = await deps.store.listRuns(filter, { limit: STEP, before })
    for (const { run } of page.runs) {
      const own = groupOf(run)
      // For an extension with very many causes, only the most frequent ones have their own group.
      const group = groups.get(keyOf(own)) ??
        groups.get(keyOf({ ...own, cause: OTHER_CAUSE })) ?? { ...own, count: 0 }
      group.count += 1
      groups.set(keyOf(group), group)
    }
    if (page.next === null) return matchingGroups([...groups.values()], true)
    before = page.next
    await setImmediate()
  }
  return matchingGroups([...groups.values()], false)
}

function matchingGroups(groups: readonly CountedGroup[], isComplete: boolean): MatchingGroups {
  const total = groups.reduce((sum, { count }) => sum + count, 0)
  return { groups: sorted(groups.filter(({ count }) => count > 0)), total, isComplete }
}

function sorted(groups: readonly CountedGroup[]): CountedGroup[] {
  return groups.toSorted(
    (one, other) => other.count - one.count || one.extension.localeCompare(other.extension),
  )
}

function sumUp(groups: readonly CountedGroup[]): CountedGroup[] {
  const sums = new Map<string, CountedGroup>()
  for (const group of groups) {
    const known = sums.get(keyOf(group))
    sums.set(keyOf(group), { ...group, count: group.count + (known?.count ?? 0) })
  }
  return [...sums.values()]
}

function keyOf({ extension, status, acknowledged, cause }: RunGroup): string {
  return JSON.stringify([extension, status, acknowledged, cause])
}
