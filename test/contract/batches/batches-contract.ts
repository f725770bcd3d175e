import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Commit } from '../../../src/domain/commit.ts'
import type { StoreHandle } from '../../../src/store/store.ts'
import { readEverything } from '../read-everything.ts'
import { createIdRenamer, findIds } from '../rename-ids.ts'
import { batchSequences } from './step-arbitraries.ts'
import { type Chunk, createStepRunner, type Outcome, type StepRunner } from './step-runner.ts'

export type BatchedStore = {
  store: StoreHandle
  /**
   * All rows of the database, without the values that may differ between two stores after the same calls. `ordered` has the
   * tables with numbered rows, in the order of these numbers; `unordered` has the others. The digest of a forgotten id is replaced
   * by the id if it is one of `ids`.
   */
  dump: (ids: readonly string[]) => Promise<{
    ordered: { [table: string]: unknown[] }
    unordered: { [table: string]: unknown[] }
  }>
  destroy: () => Promise<void>
}

type Results = {
  results: unknown
  reads: unknown
  ordered: unknown
  unordered: string[][]
  settled: string[]
  notificationsCreated: number
}

/** Opening a store takes longer than performing a sequence, so several sequences share a store. */
const MAX_SEQUENCES = 20

/** Each case must occur in at least one sequence. If one doesn't, the test fails, because the comparison would prove little. */
const REQUIRED_CASES = ['batches of several steps', 'steps deferred to the next batch', 'steps that failed']
/** Cases that are required only if there are at least `MANY` sequences: among fewer, they may be missing by chance. */
const REQUIRED_IN_MANY = ['claims of runs', 'claims of notifications', 'steps without the lease']
const MANY = 100

/** Counts how often a case has occurred. */
type CountCase = (name: string, times?: number) => void

/**
 * Checks that steps that share transactions have the same results, and leave the same rows, as the same steps performed one after
 * another. `sequenceCount`: about how many sequences of steps to compare. `report` gets how often each case occurred.
 */
export function batchesContract(
  name: string,
  open: () => Promise<BatchedStore>,
  {
    sequenceCount,
    seed,
    report,
  }: { sequenceCount: number; seed: number; report: (cases: ReadonlyMap<string, number>) => void },
): void {
  const timeout = 60_000 + sequenceCount * 500
  /** Leaves time to report a failure: shrinking it may take longer than finding it. */
  const limits = { interruptAfterTimeLimit: timeout - 20_000, markInterruptAsFailure: true }
  describe(name, () => {
    test(`commits the same in batches as one step at a time, in about ${sequenceCount} sequences, seed ${seed}`, {
      timeout,
    }, async () => {
      const cases = new Map<string, number>()
      const countCase: CountCase = (name, times = 1) => cases.set(name, (cases.get(name) ?? 0) + times)
      const inputs = fc.record({
        sequences: fc.array(batchSequences, { minLength: 1, maxLength: MAX_SEQUENCES, size: 'max' }),
        isAlive: fc.boolean(),
      })
      const agree = fc.asyncProperty(inputs, async (input) => {
        const alone = await runSequences(open, input, 'alone', () => {})
        const together = await runSequences(open, input, 'together', countCase)
        expect(together).toEqual(alone)
      })
      // An input has half of the maximum number of sequences on average.
      await fc.assert(agree, { numRuns: Math.ceil(sequenceCount / (MAX_SEQUENCES / 2)), seed, ...limits })
      const required = sequenceCount < MANY ? REQUIRED_CASES : [...REQUIRED_CASES, ...REQUIRED_IN_MANY]
      expect(required.filter((name) => !cases.has(name))).toEqual([])
      report(cases)
    })
  })
}

async function runSequences(
  open: () => Promise<BatchedStore>,
  { sequences, isAlive }: { sequences: readonly (readonly Chunk[])[]; isAlive: boolean },
  how: 'alone' | 'together',
  countCase: CountCase,
): Promise<Results> {
  const { store, dump, destroy } = await open()
  try {
    const commits: Commit[] = []
    store.watchCommits((commit) => commits.push(commit))
    const outcomes: Outcome[] = []
    const endings: unknown[] = []
    const ids: ReturnType<StepRunner['ids']>[] = []
    for (const [index, chunks] of sequences.entries()) {
      const steps = createStepRunner(store, { scope: String(index), isAlive })
      await steps.begin()
      for (const chunk of chunks) outcomes.push(...(await steps.perform(chunk, how)))
      endings.push(await steps.end())
      ids.push(steps.ids())
    }
    countBatchCases(commits, outcomes, countCase)
    countCase('sequences', sequences.length)
    const results = { outcomes, endings }
    const reads = await readEverything(store, ids)
    const { ordered, unordered } = await dump(findIds([results, reads]))
    const rename = createIdRenamer([results, reads, ordered, unordered])
    return {
      results: rename(results),
      reads: rename(reads),
      ordered: rename(ordered),
      unordered: Object.values(unordered).map((rows) => rows.map((row) => textOf(rename(row))).toSorted()),
      settled: commits.flatMap(({ settled }) => settled.map((one) => JSON.stringify(one))).toSorted(),
      notificationsCreated: commits.reduce((sum, commit) => sum + commit.notificationsCreated, 0),
    }
  } finally {
    await destroy()
  }
}

/** The row as text, by which the rows of a table are sorted. */
function textOf(row: unknown): string {
  return JSON.stringify(row)
}

function countBatchCases(
  commits: readonly Commit[],
  outcomes: readonly Outcome[],
  countCase: CountCase,
): void {
  countCase('steps', outcomes.length)
  for (const outcome of outcomes) if (outcome.error !== undefined) countCase('steps that failed')
  for (const { description, result } of outcomes) {
    if (description === 'claim runs' && Array.isArray(result) && result.length > 0)
      countCase('claims of runs')
    if (description === 'claim notification' && result !== undefined) countCase('claims of notifications')
    // Only a step that requires the lease has this result, if it lacks the lease.
    if (result === null) countCase('steps without the lease')
  }
  for (const { steps, waiting } of commits) {
    if (steps > 1) countCase('batches of several steps')
    if (waiting > 0) countCase('steps deferred to the next batch')
  }
}
