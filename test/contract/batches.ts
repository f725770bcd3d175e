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
   * All rows as they are in the database, without what may differ from one run to the next: each table with its order, or without.
   * What is kept of an id that is forgotten is told as that id, which is one of `ids`.
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

/** To open a store costs more than to play a sequence, so several are played on the same one. */
const MAX_SEQUENCES = 20

/** Sequences that never come to these have not tested them. */
const TO_BE_SEEN = ['batches of several steps', 'steps left for the next batch', 'steps that failed']
/** Likewise, but few sequences may not come to them. */
const TO_BE_SEEN_IN_MANY = ['claims of runs', 'claims of notifications', 'steps without the lease']
const MANY = 100

type Saw = (what: string, times?: number) => void

/** Whatever steps share a transaction: results and rows are those of one step after the other. */
export function batchesContract(
  name: string,
  open: () => Promise<BatchedStore>,
  { runs, seed, tell }: { runs: number; seed: number; tell: (seen: ReadonlyMap<string, number>) => void },
): void {
  const timeout = 60_000 + runs * 500
  /** So that what was found is still told: to shrink it may take longer than to find it. */
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
      tell(seen)
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

/** Bytes as text, too: rows of one table are compared by it. */
function textOf(row: unknown): string {
  return JSON.stringify(row)
}

function sawBatches(commits: readonly Commit[], outcomes: readonly Outcome[], saw: Saw): void {
  saw('steps', outcomes.length)
  for (const outcome of outcomes) if (outcome.error !== undefined) saw('steps that failed')
  for (const { told, result } of outcomes) {
    if (told === 'claim runs' && Array.isArray(result) && result.length > 0) saw('claims of runs')
    if (told === 'claim notification' && result !== undefined) saw('claims of notifications')
    if (result === null) saw('steps without the lease')
  }
  for (const { steps, waiting } of commits) {
    if (steps > 1) saw('batches of several steps')
    if (waiting > 0) saw('steps left for the next batch')
  }
}
