import type { Key, Step } from '../domain/decide/step.ts'
import type { NewIds } from '../domain/ids.ts'
import { type BatchChanges, createWorkingSet, type WorkingSet } from './working-set.ts'

/** What a batch asks of its database, one after the other, all in one transaction. */
export type BatchQuery =
  | { kind: 'load'; keys: readonly Key[]; into: WorkingSet }
  | { kind: 'write'; changes: BatchChanges }

export type StepOutcome = { result: unknown } | { error: unknown }

/** `outcomes` are those of the first steps; the rest have to start the next batch. */
export type BatchResult = { outcomes: StepOutcome[]; changes: BatchChanges }

/** Far more than any step needs: a response that claims deliveries needs four. */
const MAX_ROUNDS = 10

/**
 * Loads the rows of all steps, decides one step after the other, each on what the earlier ones have left, and writes one final
 * row for each key. Does no input or output itself: it yields what the database has to do, which may do it at once or later.
 */
export function* runBatch(
  steps: readonly Step<unknown>[],
  ids: NewIds,
): Generator<BatchQuery, BatchResult, void> {
  const set = createWorkingSet()
  let keys = steps.flatMap((step) => step.keys)
  for (let round = 0; keys.length > 0 && round < MAX_ROUNDS; round += 1) {
    yield { kind: 'load', keys, into: set }
    keys = steps.flatMap((step) => moreKeys(step, set).filter((key) => !set.isLoaded(key)))
  }
  const outcomes: StepOutcome[] = []
  for (const step of steps) {
    if (!set.isFresh() && !canDecide(step, set)) break
    outcomes.push(decide(step, set, ids))
  }
  const changes = set.changes()
  yield { kind: 'write', changes }
  return { outcomes, changes }
}

function canDecide(step: Step<unknown>, set: WorkingSet): boolean {
  return (
    step.keys.every((key) => !set.isStale(key)) &&
    moreKeys(step, set).every((key) => set.isLoaded(key) && !set.isStale(key))
  )
}

function moreKeys(step: Step<unknown>, { facts }: WorkingSet): readonly Key[] {
  try {
    return step.more?.(facts) ?? []
  } catch {
    // `decide` throws it again, and its caller gets it.
    return []
  }
}

function decide(step: Step<unknown>, set: WorkingSet, ids: NewIds): StepOutcome {
  try {
    const { result, changes } = step.decide(set.facts, ids)
    set.apply(changes)
    return { result }
  } catch (error) {
    return { error }
  }
}
