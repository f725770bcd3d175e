import type { Key, Step } from '../domain/decide/step.ts'
import { formatId, type IdCounts, type IdKind, type NewIds } from '../domain/ids.ts'
import { type BatchChanges, createWorkingSet, type WorkingSet } from './working-set.ts'

/** A query of a batch to its database. Queries run in order, all in one transaction. */
export type BatchQuery =
  /** `takes`: how many new ids the steps need. Ignored by a database that makes ids without a query. */
  | { kind: 'load'; keys: readonly Key[]; takes: IdCounts; into: WorkingSet }
  | { kind: 'write'; changes: BatchChanges }

export type StepOutcome = { result: unknown } | { error: unknown }

/** `outcomes` are those of the first steps; the other steps must start the next batch. */
export type BatchResult = { outcomes: StepOutcome[]; changes: BatchChanges }

/** A step needs more ids than it announced: it is decided again once there are enough. */
export class OutOfIdsError extends Error {
  constructor(kind: IdKind) {
    super(`no more new ids of the kind ${kind}`)
    this.name = 'OutOfIdsError'
  }
}

/** Far more than any step needs: a response that claims deliveries needs four. */
const MAX_ROUNDS = 10

/**
 * Loads the rows of all steps, decides the steps in order, each on the results of the earlier ones, and writes one final row for
 * each key. Does no input or output itself: it yields queries for the database, which may run them synchronously or later.
 */
export function* runBatch(
  steps: readonly Step<unknown>[],
  ids: NewIds,
): Generator<BatchQuery, BatchResult, void> {
  const set = createWorkingSet()
  let keys = steps.flatMap((step) => step.keys)
  let takes = addUp(steps.map((step) => step.idsNeeded ?? {}))
  for (let round = 0; round < MAX_ROUNDS && (keys.length > 0 || takes !== NONE); round += 1) {
    yield { kind: 'load', keys, takes, into: set }
    takes = NONE
    keys = steps.flatMap((step) => moreKeys(step, set).filter((key) => !set.isLoaded(key)))
  }
  const outcomes: StepOutcome[] = []
  for (const step of steps) {
    if (!set.isFresh() && !canDecide(step, set)) break
    let outcome = decide(step, set, ids)
    if (outcome instanceof OutOfIdsError) {
      yield { kind: 'load', keys: [], takes: countIds(step, set), into: set }
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

/** Decides the step with placeholder ids, only to count how many it takes: a decision has no effects. */
function countIds(step: Step<unknown>, { facts }: WorkingSet): IdCounts {
  const counts = { sub: 0, run: 0, dlv: 0 }
  const take = (kind: IdKind) => {
    counts[kind] += 1
    return formatId(kind, Number.MAX_SAFE_INTEGER - counts[kind], NO_CHECK)
  }
  step.decide(facts, {
    submission: () => take('sub'),
    run: () => take('run'),
    delivery: () => take('dlv'),
  })
  return counts
}

const NO_CHECK = 'AAAAAAAAAAA'

const NONE: IdCounts = {}

function addUp(counts: readonly IdCounts[]): IdCounts {
  const sum = { sub: 0, run: 0, dlv: 0 }
  for (const { sub = 0, run = 0, dlv = 0 } of counts) {
    sum.sub += sub
    sum.run += run
    sum.dlv += dlv
  }
  return sum.sub + sum.run + sum.dlv === 0 ? NONE : sum
}
