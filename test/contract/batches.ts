import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Commit } from '../../src/domain/commit.ts'
import type { StoreHandle } from '../../src/store/store.ts'
import { batchSequences } from './batch-steps.ts'
import { type Chunk, type Outcome, type StepsOfStore, stepsOf } from './batch-world.ts'
import { readAll } from './read-all.ts'
import { listIds, renaming } from './renaming.ts'

export type BatchedStore = {
  store: StoreHandle
  /**
   * All rows of the database without the values that may differ between runs; each table with its order, or without. The digest
   * of a forgotten id is replaced by the id, which is one of `ids`.
   */
  dump: (ids: readonly string[]) => Promise<{
    ordered: { [table: string]: unknown[] }
    unordered: { [table: string]: unknown[] }
  }>
  destroy: () => Promise<void>
}

type Played = {
  results: unknown
  reads: unknown
  ordered: unknown
  unordered: string[][]
  settled: string[]
  notificationsCreated: number
}

/** Opening a store costs more than playing a sequence, so several sequences share a store. */
const MAX_SEQUENCES = 20

/** If the sequences never reach these cases, the test is worthless. */
const TO_BE_SEEN = ['batches of several steps', 'steps deferred to the next batch', 'steps that failed']
/** Likewise, but a small number of sequences may not reach them. */
const TO_BE_SEEN_IN_MANY = ['claims of runs', 'claims of notifications', 'steps without the lease']
const MANY = 100

type Saw = (what: string, times?: number) => void

/** Whichever steps share a transaction, results and rows are the same as with one step after the other. */
export function batchesContract(
  name: string,
  open: () => Promise<BatchedStore>,
  { runs, seed, report }: { runs: number; seed: number; report: (seen: ReadonlyMap<string, number>) => void },
): void {
  const timeout = 60_000 + runs * 500
  /** Leaves time to report a failure, because shrinking it may take longer than finding it. */
  const limits = { interruptAfterTimeLimit: timeout - 20_000, markInterruptAsFailure: true }
  describe(name, () => {
    test(`commits the same in batches as one step at a time, in about ${runs} sequences, seed ${seed}`, {
      timeout,
    }, async () => {
      const seen = new Map<string, number>()
      const saw: Saw = (what, times = 1) => seen.set(what, (seen.get(what) ?? 0) + times)
      const some = fc.record({
        sequences: fc.array(batchSequences, { minLength: 1, maxLength: MAX_SEQUENCES, size: 'max' }),
        isAlive: fc.boolean(),
      })
      const agree = fc.asyncProperty(some, async (plot) => {
        const alone = await play(open, plot, 'alone', () => {})
        const together = await play(open, plot, 'together', saw)
        expect(together).toEqual(alone)
      })
      await fc.assert(agree, { numRuns: Math.ceil(runs / (MAX_SEQUENCES / 2)), seed, ...limits })
      const toBeSeen = runs < MANY ? TO_BE_SEEN : [...TO_BE_SEEN, ...TO_BE_SEEN_IN_MANY]
      expect(toBeSeen.filter((what) => !seen.has(what))).toEqual([])
      report(seen)
    })
  })
}

async function play(
  open: () => Promise<BatchedStore>,
  { sequences, isAlive }: { sequences: readonly (readonly Chunk[])[]; isAlive: boolean },
  how: 'alone' | 'together',
  saw: Saw,
): Promise<Played> {
  const { store, dump, destroy } = await open()
  try {
    const commits: Commit[] = []
    store.watchCommits((commit) => commits.push(commit))
    const outcomes: Outcome[] = []
    const endings: unknown[] = []
    const ids: ReturnType<StepsOfStore['ids']>[] = []
    for (const [index, chunks] of sequences.entries()) {
      const steps = stepsOf(store, { scope: String(index), isAlive })
      await steps.begin()
      for (const chunk of chunks) outcomes.push(...(await steps.take(chunk, how)))
      endings.push(await steps.end())
      ids.push(steps.ids())
    }
    sawBatches(commits, outcomes, saw)
    saw('sequences', sequences.length)
    const results = { outcomes, endings }
    const reads = await readAll(store, ids)
    const { ordered, unordered } = await dump(listIds([results, reads]))
    const rename = renaming([results, reads, ordered, unordered])
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

/** Includes bytes, so that the rows of a table can be sorted by it. */
function textOf(row: unknown): string {
  return JSON.stringify(row)
}

function sawBatches(commits: readonly Commit[], outcomes: readonly Outcome[], saw: Saw): void {
  saw('steps', outcomes.length)
  for (const outcome of outcomes) if (outcome.error !== undefined) saw('steps that failed')
  for (const { description, result } of outcomes) {
    if (description === 'claim runs' && Array.isArray(result) && result.length > 0) saw('claims of runs')
    if (description === 'claim notification' && result !== undefined) saw('claims of notifications')
    if (result === null) saw('steps without the lease')
  }
  for (const { steps, waiting } of commits) {
    if (steps > 1) saw('batches of several steps')
    if (waiting > 0) saw('steps deferred to the next batch')
  }
}
