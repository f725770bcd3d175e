import type { Key, Step } from '../domain/decide/step.ts'
import { formatId, type IdCounts, type IdKind, type NewIds } from '../domain/ids.ts'
import { type BatchChanges, createWorkingSet, type WorkingSet } from './working-set.ts'

/** A query of a batch to its database. Queries run in order, all in one transaction. */
export type BatchQuery =
  /** `idsNeeded`: how many new ids the steps need. A database that makes ids without a query ignores it. */
  | { kind: 'load'; keys: readonly Key[]; idsNeeded: IdCounts; into: WorkingSet }
  | { kind: 'write'; changes: BatchChanges }

export type StepOutcome = { result: unknown } | { error: unknown }

/**
 * `outcomes`: those of the first steps, in order. The remaining steps were not decided, because an earlier step may have changed
 * which rows they need. They must be the first steps of the next batch.
 */
export type BatchResult = { outcomes: StepOutcome[]; changes: BatchChanges }

/**
 * A step needs more ids than are left, because it or an earlier step needs more than its `idsNeeded`. It is decided again once
 * there are enough.
 */
export class OutOfIdsError extends Error {
  constructor(kind: IdKind) {
    super(`no more new ids of the kind ${kind}`)
    this.name = 'OutOfIdsError'
  }
}

/**
 * In each round, steps may name further keys that depend on the rows of earlier rounds. No step needs more than four rounds (an
 * account webhook that reports the end of a queued upload, whose response claims deliveries). The limit ends the loading of a step
 * that would name new keys forever.
 */
const MAX_LOAD_ROUNDS = 10

/**
 * Loads the rows of all steps, decides the steps in order, and writes each changed row once. Each step sees the changes of
 * earlier steps. Does not access the database itself: it yields each query, and continues once its caller has run it, so it
 * works with synchronous and asynchronous databases.
 */
export function* runBatch(
  steps: readonly Step<unknown>[],
  ids: NewIds,
): Generator<BatchQuery, BatchResult, void> {
  const set = createWorkingSet()
  let keys = steps.flatMap((step) => step.keys)
  let idsNeeded = addUp(steps.map((step) => step.idsNeeded ?? {}))
  for (let round = 0; round < MAX_LOAD_ROUNDS && (keys.length > 0 || idsNeeded !== NO_IDS); round += 1) {
    yield { kind: 'load', keys, idsNeeded, into: set }
    idsNeeded = NO_IDS
    keys = steps.flatMap((step) => moreKeys(step, set).filter((key) => !set.isLoaded(key)))
  }
  const outcomes: StepOutcome[] = []
  for (const step of steps) {
    if (!set.isFresh() && !canDecide(step, set)) break
    let outcome = decide(step, set, ids)
    if (outcome instanceof OutOfIdsError) {
      yield { kind: 'load', keys: [], idsNeeded: countIds(step, set), into: set }
      outcome = decide(step, set, ids)
    }
    if (outcome instanceof OutOfIdsError) throw outcome
    outcomes.push(outcome)
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
    // `decide` throws the same error, and the step's caller gets it.
    return []
  }
}

function decide(step: Step<unknown>, set: WorkingSet, ids: NewIds): StepOutcome | OutOfIdsError {
  try {
    const { result, changes } = step.decide(set.facts, ids)
    set.apply(changes)
    return { result }
  } catch (error) {
    return error instanceof OutOfIdsError ? error : { error }
  }
}

/** Counts the ids that the step needs, by deciding it with placeholder ids. A decision has no effects. */
function countIds(step: Step<unknown>, { facts }: WorkingSet): IdCounts {
  const counts = { sub: 0, run: 0, dlv: 0 }
  const nextPlaceholder = (kind: IdKind) => {
    counts[kind] += 1
    return formatId(kind, Number.MAX_SAFE_INTEGER - counts[kind], PLACEHOLDER_CHECK)
  }
  step.decide(facts, {
    submission: () => nextPlaceholder('sub'),
    run: () => nextPlaceholder('run'),
    delivery: () => nextPlaceholder('dlv'),
  })
  return counts
}

/** Takes the place of the random bits in a placeholder id. */
const PLACEHOLDER_CHECK = 'AAAAAAAAAAA'

const NO_IDS: IdCounts = {}

function addUp(counts: readonly IdCounts[]): IdCounts {
  const sum = { sub: 0, run: 0, dlv: 0 }
  for (const { sub = 0, run = 0, dlv = 0 } of counts) {
    sum.sub += sub
    sum.run += run
    sum.dlv += dlv
  }
  return sum.sub + sum.run + sum.dlv === 0 ? NO_IDS : sum
}
